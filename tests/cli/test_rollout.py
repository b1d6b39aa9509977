"""``rollout:`` becomes transformers in the overlay: planned with a reason, written with the rest, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.api_server import api_server
from tests.support.leaks import PART, leaked
from tests.support.live import Live, sealed_path, secret_path
from tests.support.live_objects import CORE, NAMESPACE, RBAC, SEALED, binding, made_of, reading, role, serve, serve_all

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import Project

FOLDER = "k8s/overlays/staging"
FILE = f"{FOLDER}/rollout.yaml"
REFERENCES = f"{FOLDER}/rollout-references.yaml"
KUSTOMIZATION = f"{FOLDER}/kustomization.yaml"
ANNOTATION = {"annotation": {"Deployment/backend": ["backend-secrets", "postgres-secrets"]}}
WIDE = {"name": "redis-secrets", "scope": "namespace-wide"}
SUFFIX = {"suffix": ["redis-secrets"]}
REWRITE = """\
staging
  SECRET     KEY         ACTION   REASON
  (rollout)  (manifest)  rewrite  rollout changed
staging: 3 secrets, 7 keys, 1 to rewrite, 7 to keep
"""
ABSENT = "Deployment/backend is not in what k8s/overlays/staging is built from, so that nothing starts its pods anew"
UNPROVEN = "that k8s/overlays/staging is built from Deployment/backend: not all that it is built from is here"
CLEAN = (
    "staging: 3 secrets, 7 keys, nothing wrong\n"
    "  not proven: that Git tracks no plain Secret and no private key: this is no work tree of Git\n"
    "  not proven: that what is sealed is what the sources give now: smtp_password\n"
)


def listing(project: Project, **fields: Any) -> None:
    """Put fields, and more resources, into the overlay's kustomization."""
    given = kustomization(project)
    resources = [*given["resources"], *fields.pop("resources", [])]
    project.write(KUSTOMIZATION, yaml.safe_dump({**given, **fields, "resources": resources}))


def workload(secret: str, kind: str = "Deployment", name: str = "backend", **metadata: str) -> str:
    container = {"name": "app", "envFrom": [{"secretRef": {"name": secret}}]}
    spec = {"template": {"spec": {"containers": [container]}}}
    return yaml.safe_dump({"kind": kind, "metadata": {"name": name, **metadata}, "spec": spec})


@pytest.fixture
def sealed(sealed: Project) -> Project:
    """Return Aura's project after its first run, whose overlay has a workload."""
    sealed.write("k8s/base/backend.yaml", workload("backend-secrets"))
    sealed.write("k8s/base/kustomization.yaml", "resources: [backend.yaml]\n")
    listing(sealed, resources=["../../base"])
    return sealed


@pytest.fixture
def annotated(sealed: Project) -> Project:
    """Return Aura's project whose backend is annotated."""
    sealed.change(rollout=ANNOTATION)
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    return sealed


@pytest.fixture
def suffixed(project: Project) -> Project:
    """Return Aura's project whose Secret of Redis has a digest in its name."""
    project.change(secrets=["backend-secrets", "postgres-secrets", WIDE], rollout=SUFFIX)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def patches(project: Project) -> dict[str, Any]:
    """Return the patches by the transformer's name."""
    return {
        found["metadata"]["name"]: yaml.safe_load(found["patch"]) for found in yaml.safe_load_all(project.read(FILE))
    }


def annotation(project: Project, name: str = "annotate-deployment-backend") -> str:
    found: str = patches(project)[name]["spec"]["template"]["metadata"]["annotations"]["sealgen.dev/secrets"]
    return found


def live_name(project: Project) -> str:
    found: str = patches(project)["rename-redis-secrets"]["metadata"]["name"]
    return found


def kustomization(project: Project) -> dict[str, list[str]]:
    found: dict[str, list[str]] = yaml.safe_load(project.read(KUSTOMIZATION))
    return found


def test_the_annotation_is_planned_written_and_then_up_to_date(sealed: Project) -> None:
    before = sealed.contents()
    sealed.change(rollout=ANNOTATION)
    assert sealed.run("plan", "staging") == (
        10,
        REWRITE,
        "",
    )
    ended = sealed.run("seal", "staging")
    assert ended.out.endswith("staging: 3 secrets, 7 keys, 1 rewritten, 7 kept\n")
    after = sealed.contents()
    changed = {path for path in {*before, *after} if before.get(path) != after.get(path)}
    assert changed == {FILE, KUSTOMIZATION, "environments/staging.yaml"}
    assert kustomization(sealed)["transformers"] == ["rollout.yaml"]
    assert "configurations" not in kustomization(sealed)
    assert sealed.run("seal", "staging").out == "staging: 3 secrets, 7 keys, up to date\n"
    assert sealed.run("check", "staging") == (0, CLEAN, "")


def test_it_is_written_with_the_first_run(project: Project) -> None:
    project.change(rollout=ANNOTATION)
    ended = project.run("seal", "staging", "--json")
    (result,) = ended.document["results"]
    assert result["steps"][-1] == {
        "secret": None,
        "key": None,
        "action": "rewrite",
        "reason": "rollout changed",
        "detail": None,
        "field": "rollout",
    }
    assert FILE in result["files"]
    assert project.run("plan", "staging") == (0, "staging: 3 secrets, 7 keys, up to date\n", "")


def test_a_rotation_rolls_out_who_uses_it_in_the_same_transaction(annotated: Project) -> None:
    annotated.change(rollout={"annotation": {**ANNOTATION["annotation"], "StatefulSet/redis": ["redis-secrets"]}})
    assert annotated.run("seal", "staging", "-q") == (0, "", "")
    before, redis = annotation(annotated), annotation(annotated, "annotate-statefulset-redis")
    ended = annotated.run("rotate", "staging", "postgres_password")
    assert ended.out == (
        "staging\n"
        "  SECRET            KEY                ACTION   REASON\n"
        "  backend-secrets   POSTGRES_DB_URI    seal     rotated: postgres_password 1 → 2\n"
        "  postgres-secrets  postgres-password  seal     rotated: postgres_password 1 → 2\n"
        "  (rollout)         (manifest)         rewrite  rollout changed: Deployment/backend\n"
        "staging: 3 secrets, 7 keys, 2 sealed, 1 rewritten, 5 kept\n"
    )
    assert annotation(annotated) != before
    assert annotation(annotated, "annotate-statefulset-redis") == redis
    assert annotated.run("plan", "staging").code == 0


def test_what_a_workload_does_not_use_does_not_roll_it_out(annotated: Project) -> None:
    annotated.change(rollout={"annotation": {"StatefulSet/postgres": ["postgres-secrets"]}})
    assert annotated.run("seal", "staging", "-q") == (0, "", "")
    before = annotated.read(FILE)
    assert "(rollout)" not in annotated.run("rotate", "staging", "redis_password").out
    assert annotated.read(FILE) == before


@pytest.mark.parametrize("change", ["recipe", "new key", "key gone", "source"])
def test_whatever_changes_a_secret_rolls_out(change: str, annotated: Project) -> None:
    before, template = annotation(annotated), "templates/backend-secrets.yaml.j2"
    if change == "recipe":
        annotated.edit(template, "{{ values.smtp_password }}", "{{ values.smtp_password | urlquote }}")
    elif change == "new key":
        annotated.write(template, annotated.read(template) + b"  MORE: more\n")
    elif change == "key gone":
        lines = annotated.read(template).splitlines(keepends=True)
        annotated.write(template, b"".join(line for line in lines if b"SMTP" not in line))
    env = {"SMTP_PASSWORD": "another one"} if change == "source" else {}
    assert annotated.run("seal", "staging", "-q", env=env) == (0, "", "")
    assert annotation(annotated) != before


def test_the_same_values_sealed_again_roll_nobody_out(annotated: Project) -> None:
    before = annotated.read(FILE)
    manifest = annotated.manifest("backend-secrets")
    text = yaml.safe_load(annotated.read(manifest))["spec"]["encryptedData"]["SMTP_PASSWORD"]
    annotated.edit(manifest, text, text[:-100] + ("AAAA" if text[-100:-96] != "AAAA" else "BBBB") + text[-96:])
    ended = annotated.run("seal", "staging")
    assert "ciphertext altered outside sealgen" in ended.out
    assert "(rollout)" not in ended.out
    assert annotated.read(FILE) == before


@pytest.mark.parametrize(
    "edit", [("Deployment\n", "DaemonSet\n"), ("secrets: ", "secrets: f"), ("name: backend", "name: x")]
)
def test_an_edit_by_hand_is_found_and_undone(edit: tuple[str, str], annotated: Project) -> None:
    before = annotated.read(FILE)
    annotated.write(FILE, before.replace(edit[0].encode(), edit[1].encode()))
    assert annotated.run("check", "staging") == (
        11,
        f"error: {FILE}: rollout.yaml is out of date: rollout changed; run sealgen seal staging [out-of-date]\n"
        + CLEAN.replace("nothing wrong", "1 finding"),
        "",
    )
    assert annotated.run("seal", "staging", "-q") == (0, "", "")
    assert annotated.read(FILE) == before


def test_an_edit_by_hand_is_seen_where_all_else_is_as_it_was_left(annotated: Project) -> None:
    annotated.edit("environments/staging.yaml", "env: SMTP_PASSWORD", "literal: no secret")
    assert annotated.run("seal", "staging", "-q") == (0, "", "")
    assert (annotated.root / ".sealgen/staging.seen").exists()
    before = annotated.read(FILE)
    annotated.write(FILE, before + b"# more\n")
    assert annotated.run("plan", "staging").code == 10
    assert annotated.run("seal", "staging", "-q") == (0, "", "")
    assert annotated.read(FILE) == before


def test_a_file_that_is_gone_comes_back(suffixed: Project) -> None:
    before = suffixed.contents()
    for path in (FILE, REFERENCES):
        (suffixed.root / path).unlink()
        assert suffixed.run("plan", "staging").code == 10
        assert suffixed.run("seal", "staging", "-q") == (0, "", "")
        assert suffixed.contents() == before


def test_a_conflict_of_two_rotations_is_written_anew_from_the_merged_lock(annotated: Project) -> None:
    before = annotated.read(FILE)
    (line,) = (line for line in before.splitlines(keepends=True) if b"sealgen.dev/secrets" in line)
    theirs = line.replace(b"secrets: ", b"secrets: f")
    conflict = b"<<<<<<< ours\n" + line + b"=======\n" + theirs + b">>>>>>> theirs\n"
    annotated.write(FILE, before.replace(line, conflict))
    assert annotated.run("seal", "staging", "-q") == (0, "", "")
    assert annotated.read(FILE) == before


def test_line_ends_of_another_system_are_no_edit(annotated: Project) -> None:
    annotated.write(FILE, annotated.read(FILE).replace(b"\n", b"\r\n"))
    assert annotated.run("plan", "staging").code == 0


@pytest.mark.parametrize("field", ["transformers", "configurations"])
def test_an_entry_that_is_missing_in_the_kustomization_is_put_back(field: str, suffixed: Project) -> None:
    (entry,) = kustomization(suffixed)[field]
    suffixed.edit(KUSTOMIZATION, f"{field}:\n- {entry}\n", "")
    assert suffixed.run("check", "staging") == (
        11,
        f"error: {KUSTOMIZATION}: rollout.yaml is out of date: kustomization entry missing; run sealgen seal staging "
        "[out-of-date]\n" + CLEAN.replace("nothing wrong", "1 finding"),
        "",
    )
    assert suffixed.run("seal", "staging", "-q") == (0, "", "")
    assert kustomization(suffixed)[field] == [entry]


def test_taken_out_all_of_it_goes(sealed: Project) -> None:
    secrets = ["backend-secrets", "postgres-secrets", WIDE]
    sealed.change(secrets=secrets)
    assert sealed.run("seal", "staging", "--rotate", "redis_password", "-q") == (0, "", "")
    before = sealed.contents()
    sealed.change(rollout={**ANNOTATION, **SUFFIX})
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    assert {FILE, REFERENCES} <= sealed.contents().keys()
    sealed.change(rollout=None)
    assert sealed.run("seal", "staging").out == (
        "staging\n"
        "  SECRET     KEY         ACTION  REASON\n"
        "  (rollout)  (manifest)  drop    no longer in the environment\n"
        "staging: 3 secrets, 7 keys, 1 dropped, 7 kept\n"
    )
    assert sealed.contents() == before


def test_without_suffix_nothing_says_where_names_are_referred_to(suffixed: Project) -> None:
    suffixed.change(rollout=ANNOTATION)
    assert suffixed.run("seal", "staging", "-q") == (0, "", "")
    assert REFERENCES not in suffixed.contents()
    assert kustomization(suffixed).keys() & {"transformers", "configurations"} == {"transformers"}


@pytest.mark.parametrize("path", [FILE, REFERENCES])
def test_a_file_that_sealgen_did_not_write_is_neither_overwritten_nor_removed(path: str, sealed: Project) -> None:
    sealed.write(path, "kind: ConfigMap\n")
    before = sealed.contents()
    sealed.change(rollout=ANNOTATION)
    assert sealed.run("seal", "staging") == (
        2,
        "",
        (
            f"error: {path} is there, but sealgen did not write it: its first line does not say so\n"
            "Move it away, or restore it from Git; rollout: of the environment file is written there.\n"
        ),
    )
    sealed.change(rollout=None)
    assert sealed.run("seal", "staging").code == 0
    assert sealed.contents() == before


def test_a_secret_may_take_the_place_of_the_transformers_and_give_it_back(annotated: Project) -> None:
    moved = {"name": "redis-secrets", "filename": "rollout.yaml"}
    annotated.change(rollout=None, secrets=["backend-secrets", "postgres-secrets", moved])
    assert annotated.run("seal", "staging", "-q") == (0, "", "")
    assert b"kind: SealedSecret" in annotated.read(FILE)
    assert "rollout.yaml" in kustomization(annotated)["resources"]
    assert "transformers" not in kustomization(annotated)
    annotated.change(rollout=ANNOTATION, secrets=["backend-secrets", "postgres-secrets", "redis-secrets"])
    assert annotated.run("seal", "staging", "-q") == (0, "", "")
    assert "rollout.yaml" not in kustomization(annotated)["resources"]
    assert kustomization(annotated)["transformers"] == ["rollout.yaml"]
    assert annotated.run("check", "staging") == (0, CLEAN, "")


def test_a_part_that_is_rotated_is_rolled_out_too(annotated: Project) -> None:
    before = annotation(annotated)
    ended = annotated.run("seal", "staging", "--only", "backend-secrets", "--rotate", "jwt_secret_key")
    assert ended.out == (
        "staging\n"
        "  SECRET           KEY             ACTION   REASON\n"
        "  backend-secrets  JWT_SECRET_KEY  seal     rotated: jwt_secret_key 1 → 2\n"
        "  (rollout)        (manifest)      rewrite  rollout changed: Deployment/backend\n"
        "staging: 3 secrets, 7 keys, 1 sealed, 1 rewritten, 3 kept\n"
    )
    assert annotation(annotated) != before
    assert annotated.run("plan", "staging").code == 0


def test_a_name_moves_with_what_the_secret_holds(suffixed: Project) -> None:
    before, sealed = live_name(suffixed), suffixed.read(suffixed.manifest("redis-secrets"))
    assert before.startswith("redis-secrets-")
    assert kustomization(suffixed)["configurations"] == ["rollout-references.yaml"]
    assert b"name: redis-secrets\n" in sealed, "kustomize gives the name, so that who refers to it follows"
    ended = suffixed.run("rotate", "staging", "redis_password")
    assert "  (rollout)        (manifest)      rewrite  rollout changed: redis-secrets\n" in ended.out
    assert live_name(suffixed) != before
    assert suffixed.run("check", "staging") == (0, CLEAN, "")
    assert suffixed.run("rotate", "staging", "jwt_secret_key").out.count("(rollout)") == 0


def test_other_generated_values_of_the_secret_stay_sealed(suffixed: Project) -> None:
    suffixed.edit(
        "templates/redis-secrets.yaml.j2", "stringData:\n", "stringData:\n  OTHER: '{{ values.jwt_secret_key }}'\n"
    )
    assert suffixed.run("seal", "staging", "--rotate", "jwt_secret_key", "-q") == (0, "", "")
    ended = suffixed.run("rotate", "staging", "redis_password")
    assert ended.out.endswith("staging: 3 secrets, 8 keys, 2 sealed, 1 rewritten, 6 kept\n")
    assert "redis-secrets    OTHER" not in ended.out


def test_the_version_before_may_be_kept_under_another_name(suffixed: Project) -> None:
    values = yaml.safe_load(suffixed.read("environments/staging.yaml"))["values"]
    values["redis_password"]["keep_previous"] = "redis-password-previous"
    suffixed.change(values=values)
    assert suffixed.run("rotate", "staging", "redis_password", "-q") == (0, "", "")
    before = live_name(suffixed)
    assert suffixed.run("rotate", "staging", "--finish", "redis_password", "-q") == (0, "", "")
    assert live_name(suffixed) != before
    assert suffixed.run("plan", "staging").code == 0


def test_a_run_that_is_stuck_changes_nothing(annotated: Project) -> None:
    annotated.edit("templates/backend-secrets.yaml.j2", "@{{ vars.postgres_host }}", "@db.{{ vars.postgres_host }}")
    before = annotated.contents()
    assert annotated.run("seal", "staging").code == 12
    assert annotated.contents() == before


def test_a_plain_environment_has_no_overlay_to_roll_out(sealed: Project) -> None:
    sealed.environment("development", backend={"kind": "plain"}, extends="staging", output=None, rollout=ANNOTATION)
    assert sealed.run("render", "development").code == 0
    assert not (sealed.root / "k8s/overlays/development").exists()


# --- check ---


def found(project: Project) -> tuple[list[str], list[str]]:
    """Return the findings on rolling out, and what of it is unproven."""
    (result,) = project.run("check", "staging", "--json").document["results"]
    told = [f"{one['file']}:{one['line']}: {one['message']}" for one in result["findings"] if "rollout" in one["id"]]
    return told, [one for one in result["unproven"] if one.startswith("that k8s")]


def test_a_workload_that_is_not_there_is_found_where_it_is_named(annotated: Project) -> None:
    annotated.edit(KUSTOMIZATION, "- ../../base\n", "")
    line = annotated.read("environments/staging.yaml").decode().splitlines().index("    Deployment/backend:") + 1
    assert found(annotated) == ([f"environments/staging.yaml:{line}: {ABSENT}"], [])


@pytest.mark.parametrize("place", ["own", "base", "component", "base of a base"])
def test_a_workload_of_whatever_the_overlay_is_built_from_is_there(place: str, annotated: Project) -> None:
    annotated.edit(KUSTOMIZATION, "- ../../base\n", "")
    folder = {"own": FOLDER, "component": "k8s/part"}.get(place, "k8s/its")
    annotated.write(f"{folder}/backend.yaml", workload("backend-secrets"))
    if place == "own":
        listing(annotated, resources=["./backend.yaml"])
    elif place == "component":
        annotated.write("k8s/part/kustomization.yaml", "kind: Component\nresources: [backend.yaml]\n")
        listing(annotated, components=["../../part"])
    else:
        annotated.write("k8s/its/kustomization.yml", "resources: [backend.yaml]\n")
        annotated.write("k8s/more/Kustomization", "resources: [../its/]\n")
        listing(annotated, resources=["../../its" if place == "base" else "../../more"])
    assert found(annotated) == ([], [])


@pytest.mark.parametrize(
    "fields",
    [
        {"resources": ["https://github.com/aura/deploy?ref=v1"]},
        {"resources": ["github.com/aura/deploy?ref=v1"]},
        {"resources": ["../../../../elsewhere"]},
        {"resources": ["../../gone"]},
        {"helmCharts": [{"name": "backend"}]},
        {"namePrefix": ""},
    ],
)
def test_what_is_not_all_here_is_unproven(fields: dict[str, Any], annotated: Project) -> None:
    annotated.edit(KUSTOMIZATION, "- ../../base\n", "")
    listing(annotated, **fields)
    assert found(annotated) == ([], [UNPROVEN])


def test_who_would_not_follow_the_name_is_found(suffixed: Project) -> None:
    suffixed.write(
        f"{FOLDER}/w.yaml", f"{workload('redis-secrets')}---\n{workload('redis-secrets', namespace='other')}"
    )
    suffixed.write(f"{FOLDER}/fine.yaml", workload("redis-secrets", "CronJob", namespace=NAMESPACE))
    listing(suffixed, resources=["w.yaml", "fine.yaml"])
    advice = f"write 'namespace: {NAMESPACE}' in {KUSTOMIZATION}"
    what = f"Deployment/backend refers to redis-secrets of {NAMESPACE} and is in"
    why = "so that kustomize does not tell it the name with the digest"
    assert found(suffixed) == (
        [
            f"{FOLDER}/w.yaml:1: {what} no namespace, {why}; {advice}",
            f"{FOLDER}/w.yaml:13: {what} other, {why}; {advice}",
        ],
        [],
    )
    listing(suffixed, namespace=NAMESPACE)
    assert found(suffixed) == ([], [])


# --- diff ---


def commit(project: Project) -> None:
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "before")


def told(project: Project) -> list[str]:
    """Return the changes that diff tells, and see that it finds nothing wrong."""
    ended = project.run("diff", "--json")
    (result,) = ended.document["results"]
    assert ended.code == 0
    return [f"{one['secret'] or ''} {one['change']} {one['detail']}".strip() for one in result["changes"]]


def test_diff_tells_what_is_rolled_out_and_what_no_longer_is(project: Project) -> None:
    project.write(".gitignore", ".sealgen/\n")
    project.change(secrets=["backend-secrets", "postgres-secrets", WIDE])
    assert project.run("seal", "staging", "-q") == (0, "", "")
    project.git("init", "--quiet")
    commit(project)
    project.change(rollout={"annotation": {"Deployment/a": ["backend-secrets"]}, **SUFFIX})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert told(project) == [
        "setting rollout: Deployment/a is annotated with backend-secrets",
        "setting rollout: redis-secrets gets a digest in its name",
    ]
    commit(project)
    project.change(rollout={"annotation": {"Deployment/a": ["backend-secrets", "redis-secrets"]}})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert told(project) == [
        "setting rollout: Deployment/a is annotated with backend-secrets, redis-secrets",
        "setting rollout: redis-secrets gets its name without a digest",
    ]
    commit(project)
    project.change(rollout=None)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    assert told(project) == ["setting rollout: Deployment/a is no longer annotated"]


@pytest.mark.parametrize("path", [FILE, REFERENCES])
def test_diff_finds_what_nobody_but_sealgen_writes_and_it_did_not(path: str, suffixed: Project) -> None:
    suffixed.write(".gitignore", ".sealgen/\n")
    suffixed.git("init", "--quiet")
    commit(suffixed)
    assert suffixed.run("rotate", "staging", "redis_password", "-q") == (0, "", "")
    what = f"{'transformers' if path == FILE else 'configurations'}: {path.rpartition('/')[2]}"
    assert suffixed.run("diff").out.endswith("staging: 2 changes, no findings\n")
    suffixed.write(path, suffixed.read(path).replace(b"SealedSecret", b"Secret", 1))
    ended = suffixed.run("diff")
    assert ended.code == 11
    assert f"kustomization  {what}: new, and it may do anything to SealedSecrets" in ended.out


# --- the names in the cluster ---


def test_status_looks_for_a_secret_under_the_name_with_the_digest(suffixed: Project, tmp_path: Path) -> None:
    grant = {"redis": {"secrets": ["redis-secrets"], "subjects": [{"service_account": "redis"}]}}
    suffixed.change(access=grant)
    assert suffixed.run("seal", "staging", "-q") == (0, "", "")
    new = live_name(suffixed)
    with api_server(tmp_path) as server:
        found = serve_all(server, suffixed)
        env = {"KUBECONFIG": str(server.kubeconfig)}
        account = {"kind": "ServiceAccount", "name": "redis", "namespace": NAMESPACE}
        serve(server, f"{RBAC}/namespaces/{NAMESPACE}/roles", role("redis", [reading(new)]))
        serve(server, f"{RBAC}/namespaces/{NAMESPACE}/rolebindings", binding("redis", "redis", [account]))
        ended = suffixed.run("status", "staging", env=env)
        assert f"error: aura-staging/{new} is not applied [not-applied]\n" in ended.out
        moved = found["redis-secrets"]
        moved["metadata"] |= {"name": new, "uid": f"uid-of-{new}"}
        moved["spec"]["template"]["metadata"]["name"] = new
        serve(server, SEALED, *found.values())
        serve(server, f"{CORE}/secrets", *map(made_of, found.values()))
        ended = suffixed.run("status", "staging", env=env)
    assert (ended.code, ended.out.splitlines()[0]) == (0, "staging: 3 sealed secrets, 3 synced, nothing wrong")


def test_a_value_is_read_back_from_the_name_with_the_digest(sealed: Project, tmp_path: Path) -> None:
    sealed.change(secrets=["backend-secrets", "postgres-secrets", WIDE])
    assert sealed.run("seal", "staging", "--rotate", "redis_password", "-q") == (0, "", "")
    with api_server(tmp_path) as server:
        live = Live(server)
        live.apply(sealed)
        sealed.change(rollout=SUFFIX, cluster={"kubeconfig": str(server.kubeconfig)})
        assert sealed.run("seal", "staging", "-q") == (0, "", "")
        new = live_name(sealed)
        live.rename("redis-secrets", new)
        template = "templates/redis-secrets.yaml.j2"
        sealed.write(template, sealed.read(template) + b"  copy: '{{ values.redis_password }}'\n")
        ended = sealed.run("seal", "staging", "--from-cluster", "-q")
        assert ended == (0, "", ""), ended.err
        assert live.asked == [sealed_path(NAMESPACE, new), secret_path(NAMESPACE, new)]
    assert live_name(sealed) != new


def test_no_plaintext_is_in_what_is_written_and_told(sealed: Project) -> None:
    secrets = ["backend-secrets", "postgres-secrets", WIDE]
    sealed.change(secrets=secrets)
    assert sealed.run("seal", "staging", "--rotate", "redis_password", "-q") == (0, "", "")
    plaintexts = sealed.unsealed()
    sealed.change(rollout={**ANNOTATION, **SUFFIX})
    told = [*sealed.run("plan", "staging", "-v"), *sealed.run("seal", "staging", "--json")]
    written = b"".join((sealed.read(FILE), sealed.read(REFERENCES), sealed.read(KUSTOMIZATION)))
    secret = {name: text for name, text in plaintexts.items() if len(text) >= PART}
    assert leaked(written + "".join(map(str, told)).encode(), secret) == []
