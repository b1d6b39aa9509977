"""A value that was made once and never stored is read back from its live Secret, if that is proven to hold it."""

from __future__ import annotations

import base64
import copy
import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import pytest

from sealgen.cluster import connection
from tests.support.api_server import Answer, api_server, refusal
from tests.support.leaks import leaked
from tests.support.live import Live, sealed_path, secret_path
from tests.support.project import Project, aura, difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sealgen.values.secret import Secret
    from tests.support.project import Ended

STUCK = "error: staging: not all of it can be sealed here, so nothing was written\n"
BACKEND, REDIS = "templates/backend-secrets.yaml.j2", "templates/redis-secrets.yaml.j2"
NAMESPACE = "aura-staging"
WAY_OUT = (
    "If the cluster is behind, apply the overlay first: kubectl apply -k k8s/overlays/staging; "
    "or make a new version with the run: sealgen seal staging --rotate redis_password\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project after its first run, in a folder of its own."""
    (tmp_path / "project").mkdir()
    project = aura(tmp_path / "project")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


@pytest.fixture
def live(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    """Return the cluster with the project's overlay, which the environment names as its own."""
    monkeypatch.setattr(connection, "_FIRST_PAUSE", 0.0)
    with api_server(tmp_path) as server:
        project.change(cluster={"kubeconfig": str(server.kubeconfig)})
        cluster = Live(server)
        cluster.apply(project)
        yield cluster


def add_key(project: Project, text: str = "{{ values.redis_password }}") -> None:
    """Add a key to redis-secrets: without a cluster, or a new version, it is blocked."""
    project.write(REDIS, project.read(REDIS) + f"  copy: '{text}'\n".encode())


ROW = (
    "staging\n"
    "  SECRET         KEY   ACTION  REASON\n"
    "  redis-secrets  copy  seal    new key: read back from the cluster: redis-secrets/redis-password\n"
)


# --- what works ---


def test_a_new_key_is_sealed_of_the_live_value_and_all_else_stays(project: Project, live: Live) -> None:
    before, values = project.contents(), project.unsealed()
    add_key(project)
    assert project.run("seal", "staging", "--from-cluster") == (
        0,
        ROW + "staging: 3 secrets, 8 keys, 1 sealed, 7 kept\n",
        "",
    )
    assert live.asked == [sealed_path(NAMESPACE, "redis-secrets"), secret_path(NAMESPACE, "redis-secrets")]
    changed = difference(before, project.contents())
    went, came = changed.pop("environments/staging.lock")
    assert (went, [line.partition(',"file"')[0] for line in came]) == (
        [],
        ['{"secret":"redis-secrets","key":"copy"'],
    )
    assert sorted(changed) == ["k8s/overlays/staging/redis-secrets.yaml", REDIS]
    assert project.unsealed() == values | {"redis-secrets/copy": values["redis-secrets/redis-password"]}
    assert project.lock()["redis-secrets/copy"]["values"] == project.lock()["redis-secrets/redis-password"]["values"]
    assert project.run("seal", "staging").out == "staging: 3 secrets, 8 keys, up to date\n"
    assert project.run("check", "staging").code == 0


def test_the_version_s_date_and_specification_stay(project: Project, live: Live) -> None:
    lock = project.read("environments/staging.lock").decode()
    dated = re.sub(r'("redis_password".*"date":)"[0-9-]+"', r'\1"2026-01-02"', lock)
    project.write("environments/staging.lock", dated)
    value = project.lock()["redis_password"]
    add_key(project)
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    assert project.lock()["redis_password"] == value
    assert value["date"] == "2026-01-02"
    assert len(live.asked) == 2


def test_a_plan_says_it_and_asks_no_cluster(project: Project, live: Live) -> None:
    add_key(project)
    before = project.tree()
    assert project.run("plan", "staging", "--from-cluster") == (
        10,
        ROW + "staging: 3 secrets, 8 keys, 1 to seal, 7 to keep\n",
        "",
    )
    assert live.asked == []
    assert project.tree() == before


def test_a_value_that_says_so_is_read_back_without_being_asked_for(project: Project, live: Live) -> None:
    project.edit("environments/staging.yaml", "  redis_password:\n", "  redis_password:\n    recover: cluster\n")
    assert project.run("seal", "staging").out == "staging: 3 secrets, 7 keys, up to date\n"
    add_key(project)
    planned = project.run("plan", "staging")
    assert planned.out == ROW + "staging: 3 secrets, 8 keys, 1 to seal, 7 to keep\n"
    assert live.asked == []
    assert project.run("check", "staging").code == 11
    assert live.asked == []
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert len(live.asked) == 2
    values = project.unsealed()
    assert values["redis-secrets/copy"] == values["redis-secrets/redis-password"]
    # Another value of the same project does not say so.
    project.write(BACKEND, project.read(BACKEND) + b"  copy: '{{ values.jwt_secret_key }}'\n")
    assert project.run("seal", "staging").code == 12


@pytest.mark.parametrize("arguments", [(), ("--rotate", "jwt_secret_key")])
def test_where_nothing_is_blocked_no_cluster_is_asked(project: Project, live: Live, arguments: tuple[str, ...]) -> None:
    assert project.run("seal", "staging", "-q", "--from-cluster", *arguments) == (0, "", "")
    assert live.asked == []


def test_a_changed_recipe_is_sealed_of_the_value_that_another_secret_holds(project: Project, live: Live) -> None:
    values = project.unsealed()
    project.change(vars={"postgres_host": "db.internal"})
    assert project.run("seal", "staging", "--from-cluster").out == (
        "staging\n"
        "  SECRET           KEY              ACTION  REASON\n"
        "  backend-secrets  POSTGRES_DB_URI  seal    "
        "recipe changed: read back from the cluster: postgres-secrets/postgres-password\n"
        "staging: 3 secrets, 7 keys, 1 sealed, 6 kept\n"
    )
    changed = b"@db.internal:5432/aura_db"
    assert project.unsealed() == {
        **values,
        "backend-secrets/POSTGRES_DB_URI": values["backend-secrets/POSTGRES_DB_URI"].replace(
            b"@postgres:5432/aura_db", changed
        ),
    }
    assert live.asked == [sealed_path(NAMESPACE, "postgres-secrets"), secret_path(NAMESPACE, "postgres-secrets")]


def test_the_key_that_changes_may_be_the_one_that_holds_the_value(project: Project, live: Live) -> None:
    """What counts is what the lock says the cluster has, not what the template wants now."""
    value = project.unsealed()["redis-secrets/redis-password"]
    project.template("redis-secrets", {"redis-url": "redis://:{{ values.redis_password | urlquote }}@redis:6379"})
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    after = project.unsealed()
    assert "redis-secrets/redis-password" not in after
    assert after["redis-secrets/redis-url"].decode() == f"redis://:{quote(value, safe='')}@redis:6379"
    assert len(live.asked) == 2


@pytest.mark.parametrize("fields", [{"namespace": "elsewhere"}, {"backend": {"scope": "cluster-wide"}}])
def test_what_is_under_another_label_is_read_from_where_it_still_is(
    project: Project, live: Live, fields: dict[str, Any]
) -> None:
    values = project.unsealed()
    if "backend" in fields:
        fields = {"backend": project.backend(**fields["backend"])}
    project.change(**fields)
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    assert project.unsealed() == values
    assert {path.split("/")[-3] for path in live.asked} == {NAMESPACE}


def test_each_secret_is_read_in_its_own_namespace(project: Project, live: Live) -> None:
    project.change(
        secrets=["backend-secrets", "postgres-secrets", {"name": "redis-secrets", "namespace": "aura-cache"}]
    )
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    live.apply(project)
    live.server.requests.clear()
    add_key(project)
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    assert live.asked == [sealed_path("aura-cache", "redis-secrets"), secret_path("aura-cache", "redis-secrets")]


def test_a_lock_whose_lines_do_not_fit_is_no_place_to_read_from(project: Project, live: Live) -> None:
    lines = project.read("environments/staging.lock").decode().splitlines()
    (line,) = (line for line in lines if '"key":"redis-password"' in line)
    (other,) = (line for line in lines if '"key":"JWT_SECRET_KEY"' in line)
    recipe, foreign = (re.search('"recipe":"([0-9a-f]+)"', text) for text in (line, other))
    assert recipe
    assert foreign
    lock = "\n".join(lines).replace(recipe[1], foreign[1]) + "\n"
    project.write("environments/staging.lock", lock)
    ended = project.run("seal", "staging", "-q", "--from-cluster")
    assert ended.err.splitlines()[1].startswith(
        "The lock has no key that is redis_password alone, to read it back from."
    )
    assert live.asked == []


def test_a_manifest_that_was_lost_is_sealed_again(project: Project, live: Live) -> None:
    values = project.unsealed()
    (project.root / project.manifest("redis-secrets")).unlink()
    assert project.run("seal", "staging").code == 12
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    assert project.unsealed() == values
    assert len(live.asked) == 2


def test_a_part_is_read_back_where_that_part_is_a_key(project: Project, live: Live) -> None:
    project.edit("environments/staging.yaml", "values:\n", "values:\n  deploy: {generate: ssh}\n")
    project.template(
        "redis-secrets", {"id": "{{ values.deploy.private }}", "line": "no-pty {{ values.deploy.public }}"}
    )
    assert project.run("seal", "staging", "-q") == (0, "", "")
    live.apply(project)
    values = project.unsealed()
    project.write(REDIS, project.read(REDIS) + b"  again: '{{ values.deploy.private }}'\n")
    assert project.run("seal", "staging").code == 12
    assert project.run("seal", "staging", "--from-cluster").out == (
        "staging\n"
        "  SECRET         KEY    ACTION  REASON\n"
        "  redis-secrets  again  seal    new key: read back from the cluster: redis-secrets/id\n"
        "staging: 3 secrets, 9 keys, 1 sealed, 8 kept\n"
    )
    assert project.unsealed() == values | {"redis-secrets/again": values["redis-secrets/id"]}
    # The other part is in no key alone.
    project.write(REDIS, project.read(REDIS) + b"  both: '{{ values.deploy.private }}{{ values.deploy.public }}'\n")
    assert project.run("seal", "staging", "-q", "--from-cluster") == (
        12,
        "",
        STUCK + "The lock has no key that is deploy alone, to read it back from. "
        "Make a new version with the run: sealgen seal staging --from-cluster --rotate deploy\n",
    )


def test_all_parts_that_a_key_needs_are_read_back(project: Project, live: Live) -> None:
    project.edit("environments/staging.yaml", "values:\n", "values:\n  pair: {generate: tls, names: [a.example]}\n")
    tls = {"tls.crt": "{{ values.pair.crt }}", "tls.key": "{{ values.pair.key }}"}
    project.template("redis-secrets", tls, "type: kubernetes.io/tls")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    live.apply(project)
    project.template("postgres-secrets", {"all": "{{ values.pair.key }}{{ values.pair.crt }}"})
    assert project.run("seal", "staging", "--from-cluster").out == (
        "staging\n"
        "  SECRET            KEY                ACTION  REASON\n"
        "  postgres-secrets  all                seal    "
        "new key: read back from the cluster: redis-secrets/tls.crt, redis-secrets/tls.key\n"
        "  postgres-secrets  postgres-password  drop    no longer in the template\n"
        "  postgres-secrets  postgres-user      drop    no longer in the template\n"
        "staging: 3 secrets, 7 keys, 1 sealed, 2 dropped, 6 kept\n"
    )
    values = project.unsealed()
    assert values["postgres-secrets/all"] == values["redis-secrets/tls.key"] + values["redis-secrets/tls.crt"]
    assert len(live.asked) == 2


def test_a_rotation_takes_what_stays_from_the_cluster(project: Project, live: Live) -> None:
    add_key(project, "{{ values.redis_password }}:{{ values.postgres_password }}")
    before = project.unsealed()
    assert project.run("seal", "staging", "-q", "--from-cluster", "--rotate", "redis_password") == (0, "", "")
    values = project.unsealed()
    assert values["redis-secrets/redis-password"] != before["redis-secrets/redis-password"]
    assert values["redis-secrets/copy"] == b"%s:%s" % (
        values["redis-secrets/redis-password"],
        before["postgres-secrets/postgres-password"],
    )
    assert live.asked == [sealed_path(NAMESPACE, "postgres-secrets"), secret_path(NAMESPACE, "postgres-secrets")]


def test_only_what_is_chosen_is_read_back(project: Project, live: Live) -> None:
    add_key(project)
    project.write(BACKEND, project.read(BACKEND) + b"  copy: '{{ values.jwt_secret_key }}'\n")
    assert project.run("seal", "staging", "-q", "--from-cluster", "--only", "redis-secrets") == (0, "", "")
    assert live.asked == [sealed_path(NAMESPACE, "redis-secrets"), secret_path(NAMESPACE, "redis-secrets")]
    assert "backend-secrets/copy" not in project.unsealed()


def test_an_answer_that_was_asked_of_a_person_is_read_back_too(project: Project, live: Live) -> None:
    project.edit("environments/staging.yaml", "    env: SMTP_PASSWORD\n", "    prompt: Which?\n    recover: cluster\n")
    lock = project.read("environments/staging.lock").decode()
    version = project.lock()["smtp_password"]["version"]
    project.write("environments/staging.lock", lock.replace(version, "1-00000000"))
    project.write(BACKEND, project.read(BACKEND) + b"  copy: '{{ values.smtp_password }}'\n")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    values = project.unsealed()
    assert values["backend-secrets/copy"] == values["backend-secrets/SMTP_PASSWORD"]
    assert len(live.asked) == 2


def test_of_several_keys_one_that_is_proven_is_enough(project: Project, live: Live) -> None:
    project.template("cache", {"PASSWORD": "{{ values.redis_password }}"})
    project.change(secrets=["backend-secrets", "cache", "postgres-secrets", "redis-secrets"])
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    # The cluster has not seen the cache's Secret yet.
    add_key(project)
    assert project.run("seal", "staging", "--from-cluster").out == (
        "staging\n"
        "  SECRET         KEY   ACTION  REASON\n"
        "  redis-secrets  copy  seal    "
        "new key: read back from the cluster: cache/PASSWORD or redis-secrets/redis-password\n"
        "staging: 4 secrets, 9 keys, 1 sealed, 8 kept\n"
    )
    assert len(live.asked) == 5


def test_what_was_made_to_another_specification_is_what_it_is(project: Project, live: Live) -> None:
    project.edit("environments/staging.yaml", "redis_password:\n    generate: base64\n    bytes: 24", REDIS_OF_48)
    value = project.lock()["redis_password"]
    add_key(project)
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    assert project.lock()["redis_password"] == value
    assert len(live.asked) == 2


REDIS_OF_48 = "redis_password:\n    generate: base64\n    bytes: 48"


# --- the way there ---


def test_the_advice_tells_of_the_cluster_where_that_helps(project: Project) -> None:
    add_key(project, "{{ values.redis_password }}:{{ values.deploy.public }}:{{ values.postgres_password }}")
    project.edit("environments/staging.yaml", "values:\n", "values:\n  deploy: {generate: ssh}\n")
    project.write(BACKEND, project.read(BACKEND) + b"  copy: '{{ values.jwt_secret_key }}'\n")
    rotations = "--rotate jwt_secret_key --rotate postgres_password --rotate redis_password"
    assert project.run("seal", "staging", "-q").err == (
        f"{STUCK}Make a new version with the run: sealgen seal staging {rotations}; "
        "or read back what is live: sealgen seal staging --from-cluster\n"
    )


def test_the_advice_says_what_must_be_made_anew_all_the_same(project: Project, live: Live) -> None:
    project.template("redis-secrets", {"url": "redis://{{ values.redis_password }}"})
    project.write(BACKEND, project.read(BACKEND) + b"  copy: '{{ values.jwt_secret_key }}'\n")
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (
        12,
        "",
        (
            f"{STUCK}Make a new version with the run: "
            "sealgen seal staging --rotate jwt_secret_key --rotate redis_password; "
            "or read back what is live: sealgen seal staging --from-cluster --rotate redis_password\n"
        ),
    )
    assert project.run("seal", "staging", "-q", "--from-cluster", "--rotate", "redis_password") == (0, "", "")
    live.apply(project)
    add_key(project)
    project.write(BACKEND, project.read(BACKEND) + b"  more: '{{ values.jwt_secret_key }}'\n")
    assert project.run("seal", "staging", "-q").err == (
        f"{STUCK}Make a new version with the run: "
        "sealgen seal staging --rotate jwt_secret_key --rotate redis_password; "
        "or read back what is live: sealgen seal staging --from-cluster --rotate redis_password\n"
    )
    assert project.run("plan", "staging", "--from-cluster") == (
        12,
        (
            "staging\n"
            "  SECRET           KEY   ACTION   REASON\n"
            "  backend-secrets  more  seal     "
            "new key: read back from the cluster: backend-secrets/JWT_SECRET_KEY or backend-secrets/copy\n"
            "  redis-secrets    copy  blocked  new key: needs redis_password, which was never stored\n"
            "staging: 3 secrets, 10 keys, 1 to seal, 1 blocked, 8 to keep\n"
            "The lock has no key that is redis_password alone, to read it back from. "
            "Make a new version with the run: sealgen seal staging --from-cluster --rotate redis_password\n"
        ),
        "",
    )


def test_where_no_key_is_the_value_alone_the_advice_says_nothing_of_a_cluster(project: Project) -> None:
    project.template("redis-secrets", {"url": "redis://{{ values.redis_password }}"})
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    add_key(project)
    assert project.run("seal", "staging", "-q").err == (
        f"{STUCK}Make a new version with the run: sealgen seal staging --rotate redis_password\n"
    )


# --- what is not proven ---


def no_status(live: Live) -> None:
    del live.sealed["redis-secrets"]["status"]


def not_synced(live: Live) -> None:
    live.sealed["redis-secrets"]["status"]["conditions"][0]["status"] = "False"


def not_yet_synced(live: Live) -> None:
    live.sealed["redis-secrets"]["metadata"]["generation"] += 1


def applied_before_the_lock(live: Live) -> None:
    live.sealed["redis-secrets"]["spec"]["encryptedData"]["redis-password"] = "AgAnother="


def not_applied_with_this_key(live: Live) -> None:
    del live.sealed["redis-secrets"]["spec"]["encryptedData"]["redis-password"]


def rendered_by_the_template(live: Live) -> None:
    live.sealed["redis-secrets"]["spec"]["template"]["data"] = {"redis-password": "something else"}


def unmanaged(live: Live) -> None:
    del live.secrets["redis-secrets"]["metadata"]["ownerReferences"]


def owned_by_an_earlier_one(live: Live) -> None:
    live.secrets["redis-secrets"]["metadata"]["ownerReferences"][0]["uid"] = "another"


def owned_by_another(live: Live) -> None:
    live.secrets["redis-secrets"]["metadata"]["ownerReferences"][0]["name"] = "backend-secrets"


def owned_by_another_kind(live: Live) -> None:
    live.secrets["redis-secrets"]["metadata"]["ownerReferences"][0]["kind"] = "ExternalSecret"


def edited(live: Live) -> None:
    managed = live.secrets["redis-secrets"]["metadata"]["managedFields"]
    del managed[0]["fieldsV1"]["f:data"]["f:redis-password"]
    managed.append({"manager": "kubectl-edit", "fieldsV1": {"f:data": {"f:redis-password": {}}}})


def removed(live: Live) -> None:
    del live.secrets["redis-secrets"]["data"]["redis-password"]


def not_base64(live: Live) -> None:
    live.secrets["redis-secrets"]["data"]["redis-password"] = "no base64"


def of_another_length(live: Live) -> None:
    live.secrets["redis-secrets"]["data"]["redis-password"] = base64.b64encode(b"x" * 33).decode()


def no_sealed_secret(live: Live) -> None:
    del live.server.answers[f"GET {sealed_path(NAMESPACE, 'redis-secrets')}"]


def no_secret(live: Live) -> None:
    del live.server.answers[f"GET {secret_path(NAMESPACE, 'redis-secrets')}"]


def no_right_to_sealed_secrets(live: Live) -> None:
    live.server.answers[f"GET {sealed_path(NAMESPACE, 'redis-secrets')}"] = refusal(403, "no, says RBAC")


def no_right_to_secrets(live: Live) -> None:
    live.server.answers[f"GET {secret_path(NAMESPACE, 'redis-secrets')}"] = refusal(403, "no, says RBAC")


SEALED_SECRET, SECRET = "the SealedSecret aura-staging/redis-secrets", "the Secret aura-staging/redis-secrets"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (no_status, f"{SEALED_SECRET} is not synced"),
        (not_synced, f"{SEALED_SECRET} is not synced"),
        (not_yet_synced, f"{SEALED_SECRET} is not synced"),
        (applied_before_the_lock, f"{SEALED_SECRET} has another ciphertext of redis-password than the lock"),
        (not_applied_with_this_key, f"{SEALED_SECRET} has another ciphertext of redis-password than the lock"),
        (rendered_by_the_template, f"{SEALED_SECRET} has another ciphertext of redis-password than the lock"),
        (unmanaged, f"{SECRET} was not made from the SealedSecret of its name"),
        (owned_by_an_earlier_one, f"{SECRET} was not made from the SealedSecret of its name"),
        (owned_by_another, f"{SECRET} was not made from the SealedSecret of its name"),
        (owned_by_another_kind, f"{SECRET} was not made from the SealedSecret of its name"),
        (edited, f"redis-password of {SECRET} is not as the controller wrote it"),
        (removed, f"redis-password of {SECRET} is not as the controller wrote it"),
        (not_base64, f"redis-password of {SECRET} is not as the controller wrote it"),
        (of_another_length, "it is not of the length that its generator makes"),
        (no_sealed_secret, "there is no SealedSecret aura-staging/redis-secrets in SERVER"),
        (no_secret, "there is no Secret aura-staging/redis-secrets in SERVER"),
        (
            no_right_to_sealed_secrets,
            f"the context 'test' may not GET {sealed_path(NAMESPACE, 'redis-secrets')} (403): no, says RBAC",
        ),
        (
            no_right_to_secrets,
            f"the context 'test' may not GET {secret_path(NAMESPACE, 'redis-secrets')} (403): no, says RBAC",
        ),
    ],
)
@pytest.mark.parametrize("asked", [True, False])
def test_what_is_not_proven_is_refused_with_the_reason_and_nothing_changes(
    project: Project, live: Live, change: Callable[[Live], None], reason: str, asked: bool
) -> None:
    if not asked:
        project.edit("environments/staging.yaml", "  redis_password:\n", "  redis_password:\n    recover: cluster\n")
    add_key(project)
    change(live)
    before = project.tree()
    ended = project.run("seal", "staging", *(["--from-cluster"] if asked else []))
    assert ended == (
        12,
        "",
        (
            "error: staging: redis_password can't be read back from the cluster: "
            f"{reason.replace('SERVER', live.server.url)}\n{WAY_OUT}"
        ),
    )
    assert project.tree() == before


def test_all_reasons_are_told_where_no_key_is_proven(project: Project, live: Live) -> None:
    project.template("cache", {"PASSWORD": "{{ values.redis_password }}"})
    project.change(secrets=["backend-secrets", "cache", "postgres-secrets", "redis-secrets"])
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    add_key(project)
    edited(live)
    assert project.run("seal", "staging", "-q", "--from-cluster").err == (
        "error: staging: redis_password can't be read back from the cluster: "
        f"there is no SealedSecret aura-staging/cache in {live.server.url}; "
        f"redis-password of {SECRET} is not as the controller wrote it\n{WAY_OUT}"
    )


def test_a_reason_that_is_that_of_several_keys_is_told_once(project: Project, live: Live) -> None:
    add_key(project)
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    not_synced(live)
    project.write(REDIS, project.read(REDIS) + b"  more: '{{ values.redis_password }}'\n")
    assert project.run("seal", "staging", "-q", "--from-cluster").err == (
        f"error: staging: redis_password can't be read back from the cluster: {SEALED_SECRET} is not synced\n{WAY_OUT}"
    )


def test_live_values_that_differ_are_refused(project: Project, live: Live) -> None:
    add_key(project)
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    live.apply(project)
    other = copy.deepcopy(live.secrets["redis-secrets"])
    other["data"]["copy"] = base64.b64encode(b"x" * 32).decode()
    live.secrets["redis-secrets"] = other
    project.write(REDIS, project.read(REDIS) + b"  more: '{{ values.redis_password }}'\n")
    assert project.run("seal", "staging", "-q", "--from-cluster").err == (
        "error: staging: redis_password can't be read back from the cluster: the live Secrets that hold it differ\n"
        f"{WAY_OUT}"
    )


def test_a_live_value_that_breaks_its_rules_is_refused(project: Project, live: Live) -> None:
    project.edit("environments/staging.yaml", "redis_password:\n    generate: base64\n    bytes: 24", REDIS_OF_48)
    project.edit("environments/staging.yaml", REDIS_OF_48, f"{REDIS_OF_48}\n    min_length: 64")
    add_key(project)
    before = project.tree()
    assert project.run("seal", "staging", "-q", "--from-cluster") == (
        1,
        "",
        (
            "error: staging: redis_password can't be read back from the cluster: "
            "values.redis_password is shorter than its min_length, 64 bytes\n"
        ),
    )
    assert project.tree() == before
    assert len(live.asked) == 2


def test_a_key_sealed_of_an_earlier_version_is_no_place_to_read_from(project: Project, live: Live) -> None:
    """A merge that went wrong left the key at one version, and the value's line at another."""
    lock = project.read("environments/staging.lock").decode()
    version = project.lock()["redis_password"]["version"]
    line = f'{{"value":"redis_password","version":"{version}"'
    project.write("environments/staging.lock", lock.replace(line, line.replace(version, "2-00000000")))
    assert project.run("seal", "staging", "-q", "--from-cluster") == (
        12,
        "",
        (
            f"{STUCK}The lock has no key that is redis_password alone, to read it back from. "
            "Make a new version with the run: sealgen seal staging --from-cluster --rotate redis_password\n"
        ),
    )
    assert live.asked == []


# --- a cluster that fails ---


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (
            refusal(401, "Unauthorized"),
            1,
            (
                "SERVER does not know who this is (401): Unauthorized\n"
                "The credentials of the context 'test' may have expired; sign in again.\n"
            ),
        ),
        (refusal(409, "CANARY"), 1, "SERVER answers with status 409 when it is asked for the SECRET\n"),
        (refusal(429, "CANARY"), 1, "SERVER answers with status 429 when it is asked for the SECRET\n"),
        (refusal(500, "CANARY"), 1, "SERVER answers with status 500 when it is asked for the SECRET\n"),
        (Answer(503, b"CANARY"), 1, "SERVER answers with status 503 when it is asked for the SECRET\n"),
        (
            Answer(200, b"<html>CANARY"),
            1,
            (
                "SERVER answers with status 200 when it is asked for the SECRET\n"
                "Is there a proxy or a page to sign in on the way?\n"
            ),
        ),
        (Answer(200, b"CANARY"), 1, "SERVER answers GET PATH with something that is no JSON object\n"),
        (Answer(200, b'["CANARY"]'), 1, "SERVER answers GET PATH with something that is no JSON object\n"),
        (Answer(200, b'{"data": "CANARY"', cut=True), 1, "can't reach SERVER: the connection was cut\n"),
    ],
)
@pytest.mark.parametrize("kind", ["SealedSecret", "Secret"])
def test_an_api_server_that_fails_is_one_clear_error_and_nothing_changes(
    project: Project, live: Live, answer: Answer, code: int, told: str, kind: str
) -> None:
    add_key(project)
    path = {"SealedSecret": sealed_path, "Secret": secret_path}[kind](NAMESPACE, "redis-secrets")
    live.server.answers[f"GET {path}"] = answer._replace(content=answer.content.replace(b"CANARY", canary(project)))
    before = project.tree()
    ended = project.run("seal", "staging", "--from-cluster")
    expected = told.replace("SERVER", live.server.url).replace("PATH", path)
    expected = expected.replace("SECRET", f"{kind} aura-staging/redis-secrets")
    assert ended == (
        code,
        "",
        f"error: staging: redis_password can't be read back from the cluster: {expected}",
    )
    assert project.tree() == before


def canary(project: Project) -> bytes:
    return base64.b64encode(project.unsealed()["redis-secrets/redis-password"])


@pytest.mark.parametrize(
    ("settings", "code", "told"),
    [
        ({"kubeconfig": "nowhere"}, 2, "there is no kubeconfig ROOT/nowhere\n"),
        ({"context": "tset"}, 2, "KUBECONFIG has no context 'tset'; did you mean 'test'?\n"),
    ],
)
def test_without_a_way_to_the_cluster_it_says_what_it_was_for(
    project: Project, live: Live, settings: dict[str, str], code: int, told: str
) -> None:
    project.change(cluster={"kubeconfig": str(live.server.kubeconfig), **settings})
    add_key(project)
    project.write(BACKEND, project.read(BACKEND) + b"  copy: '{{ values.jwt_secret_key }}'\n")
    expected = told.replace("ROOT", str(project.root)).replace("KUBECONFIG", str(live.server.kubeconfig))
    assert project.run("seal", "staging", "-q", "--from-cluster") == (
        code,
        "",
        f"error: staging: jwt_secret_key, redis_password can't be read back from the cluster: {expected}",
    )


# --- nothing gets out ---


def secrets_of(project: Project) -> dict[str, bytes]:
    """Return the values of Aura's that were made."""
    keys = ("backend-secrets/JWT_SECRET_KEY", "postgres-secrets/postgres-password", "redis-secrets/redis-password")
    values = project.unsealed()
    return {key: values[key] for key in keys}


def test_what_is_read_back_is_shown_nowhere(project: Project, live: Live) -> None:
    plaintexts = secrets_of(project)
    shown: list[Ended] = []
    for more in ((), ("-v",), ("--json",), ("-q",)):
        add_key(project, f"{{{{ values.redis_password }}}}{len(shown)}")
        for command in ("plan", "seal"):
            shown.append(project.run(command, "staging", "--from-cluster", *more))
            assert shown[-1].code == {"plan": 10, "seal": 0}[command]
        project.edit(REDIS, "copy:", f"copy{len(shown)}:")
    for break_it in (edited, of_another_length, not_base64, not_synced, no_secret):
        add_key(project)
        break_it(live)
        shown += [project.run("seal", "staging", "--from-cluster", *more) for more in ((), ("-v",), ("--json",))]
        assert {ended.code for ended in shown[-3:]} == {12}
        project.edit(REDIS, "  copy: '{{ values.redis_password }}'\n", "")
    text = "".join(ended.out + ended.err for ended in shown).encode()
    assert leaked(text, plaintexts) == []
    for path, content in project.contents().items():
        assert leaked(path.encode() + content, plaintexts) == [], path
    # What was asked holds nothing, either.
    for request in live.server.requests:
        assert leaked(repr(request).encode(), plaintexts) == []


def test_a_fault_of_ours_while_it_is_read_back_shows_nothing(
    project: Project, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_key(project)

    def fits(self: object, reference: object, value: Secret) -> NoReturn:
        raise RuntimeError(reference, value, value.reveal())

    monkeypatch.setattr("sealgen.reconcile.read_back._fits", fits)
    before = project.tree()
    for more in ((), ("-v",), ("--json",)):
        ended = project.run("seal", "staging", "--from-cluster", *more)
        assert (ended.code, "internal error (RuntimeError in " in ended.out + ended.err) == (1, True)
        assert leaked((ended.out + ended.err).encode(), secrets_of(project)) == []
    assert project.tree() == before
    assert len(live.asked) == 6
