"""``sealgen verify``: whether the controller opens what is sealed, and the right cause where it does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import yaml

from sealgen.cluster import connection
from tests.support.api_server import PROXY, SERVICE, Answer, api_server, refusal
from tests.support.controller import controller_certificate
from tests.support.project import Controller, Ended, Project, aura, controller
from tests.support.sealing_service import SealingService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OVERLAY = "k8s/overlays/staging"
BACKEND = f"{OVERLAY}/backend-secrets.yaml"
POSTGRES = f"{OVERLAY}/postgres-secrets.yaml"
REDIS = f"{OVERLAY}/redis-secrets.yaml"
ENVIRONMENT = "environments/staging.yaml"
ALL = "staging: 3 SealedSecrets, 7 keys, the controller can open all\n"
BACKEND_KEYS = "JWT_SECRET_KEY, POSTGRES_DB_URI, REDIS_URL, SMTP_PASSWORD"


@pytest.fixture
def service(sealed: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealingService]:
    """Give the controller that the project is sealed for, in a cluster that the environment names."""
    with api_server(tmp_path_factory.mktemp("server")) as server:
        sealed.change(cluster={"kubeconfig": str(server.kubeconfig)})
        yield SealingService([sealed.controller], server)


def verify(project: Project, service: SealingService, *arguments: str) -> Ended:
    """Run verify, with the server's address left out of what is said."""
    ended = project.run("verify", *(arguments or ("staging",)))
    return ended._replace(
        out=ended.out.replace(service.server.url, "SERVER"), err=ended.err.replace(service.server.url, "SERVER")
    )


def found(project: Project, service: SealingService) -> str:
    """Return the findings of a run that has some and says nothing else."""
    ended = verify(project, service, "staging", "-q")
    assert (ended.code, ended.err) == (11, ""), ended
    return ended.out


def ciphertext(project: Project, place: str) -> str:
    return project.ciphertexts()[place]


def foreign(project: Project, other: Project, name: str = "other") -> str:
    """Write a manifest into the overlay that another project sealed, and return its path."""
    path = f"{OVERLAY}/{name}.yaml"
    project.write(path, other.read(REDIS))
    return path


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project that is sealed for the same controller, of which the first knows nothing."""
    project = aura(tmp_path_factory.mktemp("other"))
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def of_another_cluster(project: Project) -> str:
    """Return what is said where the controller is the one that is called two."""
    one, two = project.controller.fingerprint, controller("two").fingerprint
    return (
        f"another certificate: by the lock it was sealed with {one} (the pinned one), and the controller's newest is "
        f"{two}: the controller is another cluster's, or has lost the older key [other-certificate]"
    )


# --- what opens ---


def test_all_that_is_sealed_opens_and_is_asked_about_once(sealed: Project, service: SealingService) -> None:
    assert verify(sealed, service) == (0, ALL, "")
    assert service.calls("verify") == 3
    assert service.calls("cert.pem") == 0


def test_what_is_sent_has_no_more_than_the_controller_needs(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "  template:\n", "  template:\n    data:\n      REDIS_CONF: 'requirepass {{ .x }}'\n")
    verify(sealed, service)
    assert service.asked[-1] == {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": {"name": "redis-secrets", "namespace": "aura-staging", "annotations": {}},
        "spec": {
            "encryptedData": {"redis-password": ciphertext(sealed, "redis-secrets/redis-password")},
            "template": {
                "metadata": {"name": "redis-secrets", "namespace": "aura-staging", "annotations": {}},
                "data": {"REDIS_CONF": "requirepass {{ .x }}"},
            },
        },
    }


def test_what_an_older_key_of_the_controller_sealed_opens(sealed: Project, service: SealingService) -> None:
    service.keys.insert(0, controller("two"))
    assert verify(sealed, service) == (0, ALL, "")


def test_nothing_is_written(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "\n  name: redis-secrets", "\n  name: cache")
    before = sealed.tree()
    verify(sealed, service)
    assert sealed.tree() == before


def test_whoever_may_only_use_the_proxy_can_ask(sealed: Project, service: SealingService) -> None:
    service.server.answers[f"GET {SERVICE}"] = refusal(403, "no")
    assert verify(sealed, service) == (0, ALL, "")


def test_an_environment_that_was_never_sealed_has_nothing_to_ask_about(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with api_server(tmp_path_factory.mktemp("server")) as server:
        project.change(cluster={"kubeconfig": str(server.kubeconfig)})
        ended = project.run("verify", "staging")
    assert ended == (0, "staging: 0 SealedSecrets, 0 keys, the controller can open all\n", "")


def test_other_files_of_the_overlay_are_none_of_its_business(sealed: Project, service: SealingService) -> None:
    sealed.write(f"{OVERLAY}/deployment.yaml", "kind: Deployment\nmetadata: &x {name: web}\nspec: *x\n")
    sealed.write(f"{OVERLAY}/.swap.yaml", "kind: SealedSecret\n")
    sealed.write(f"{OVERLAY}/notes.txt", "kind: SealedSecret\n")
    (sealed.root / OVERLAY / "folder.yaml").mkdir()
    assert verify(sealed, service) == (0, ALL, "")


# --- what does not, and why ---


def test_a_renamed_manifest(sealed: Project, service: SealingService) -> None:
    sealed.edit(BACKEND, "\n  name: backend-secrets", "\n  name: backend")
    assert found(sealed, service) == (
        f"error: {BACKEND}:2: aura-staging/backend ({BACKEND_KEYS}): renamed: by environments/staging.lock it was "
        "sealed for the name backend-secrets, and so the controller opens it [renamed]\n"
    )
    # All at once, as it is and as the lock has it; not key by key.
    assert service.calls("verify") == 4


def test_a_manifest_that_was_renamed_with_its_file(sealed: Project, service: SealingService) -> None:
    (sealed.root / REDIS).rename(sealed.root / OVERLAY / "cache.yaml")
    sealed.edit(f"{OVERLAY}/cache.yaml", "\n  name: redis-secrets", "\n  name: cache")
    assert found(sealed, service) == (
        f"error: {OVERLAY}/cache.yaml:2: aura-staging/cache (redis-password): renamed: by environments/staging.lock it "
        "was sealed for the name redis-secrets, and so the controller opens it [renamed]\n"
    )


def test_a_manifest_that_was_moved_to_another_namespace(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "\n  namespace: aura-staging", "\n  namespace: cache")
    assert found(sealed, service) == (
        f"error: {REDIS}:2: cache/redis-secrets (redis-password): moved to another namespace: by "
        "environments/staging.lock it was sealed for the namespace aura-staging, and so the controller opens it "
        "[moved]\n"
    )


@pytest.mark.parametrize("scope", ["namespace-wide", "cluster-wide"])
def test_a_manifest_that_was_given_another_scope(scope: str, sealed: Project, service: SealingService) -> None:
    annotations = f"\n  annotations:\n    sealedsecrets.bitnami.com/{scope}: 'true'"
    sealed.edit(REDIS, "\n  name: redis-secrets", f"{annotations}\n  name: redis-secrets")
    assert found(sealed, service) == (
        f"error: {REDIS}:2: aura-staging/redis-secrets (redis-password): scope changed to {scope}: by "
        "environments/staging.lock it was sealed with scope strict, and so the controller opens it [scope-changed]\n"
    )


def test_a_scope_that_was_taken_away(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    project.change(backend=project.backend(scope="namespace-wide"))
    project.run("seal", "staging", "-q")
    with api_server(tmp_path_factory.mktemp("server")) as server:
        project.change(cluster={"kubeconfig": str(server.kubeconfig)})
        service = SealingService([project.controller], server)
        assert verify(project, service) == (0, ALL, "")
        text = project.read(REDIS).decode()
        first = text.index("  annotations:\n")
        project.write(REDIS, text[:first] + text[text.index("  name:", first) :])
        assert found(project, service) == (
            f"error: {REDIS}:2: aura-staging/redis-secrets (redis-password): scope changed to strict: by "
            "environments/staging.lock it was sealed with scope namespace-wide, and so the controller opens it "
            "[scope-changed]\n"
        )


def test_a_name_and_a_namespace_are_not_blamed_where_they_do_not_count(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scopes = {"postgres-secrets": "cluster-wide", "redis-secrets": "namespace-wide"}
    project.change(secrets=[{"name": name, "scope": scope} for name, scope in scopes.items()])
    project.run("seal", "staging", "-q")
    with api_server(tmp_path_factory.mktemp("server")) as server:
        project.change(cluster={"kubeconfig": str(server.kubeconfig)})
        service = SealingService([project.controller], server)
        for path, name in ((POSTGRES, "postgres-secrets"), (REDIS, "redis-secrets")):
            project.write(path, project.read(path).decode().replace(name, "data").replace("aura-staging", "elsewhere"))
        project.write(POSTGRES, project.read(POSTGRES).decode().replace("cluster-wide", "namespace-wide"))
        by_lock, so = "by environments/staging.lock it was sealed", "and so the controller opens it"
        assert found(project, service) == (
            f"error: {POSTGRES}:2: elsewhere/data (postgres-password, postgres-user): scope changed to namespace-wide: "
            f"{by_lock} with scope cluster-wide, {so} [scope-changed]\n"
            f"error: {REDIS}:2: elsewhere/data (redis-password): moved to another namespace: {by_lock} for the "
            f"namespace aura-staging, {so} [moved]\n"
        )


def test_several_causes_are_all_named(sealed: Project, service: SealingService) -> None:
    service.keys[:] = [controller("two")]
    sealed.edit(REDIS, "\n  name: redis-secrets", "\n  name: cache")
    sealed.edit(REDIS, "\n  namespace: aura-staging", "\n  namespace: elsewhere")
    by_lock, neither = "by environments/staging.lock it was sealed", "but so the controller does not open it"
    lines = [line for line in found(sealed, service).splitlines() if "redis" in line]
    who = f"error: {REDIS}:2: elsewhere/cache (redis-password)"
    assert lines == [
        f"{who}: moved to another namespace: {by_lock} for the namespace aura-staging, {neither} [moved]",
        f"{who}: renamed: {by_lock} for the name redis-secrets, {neither} [renamed]",
        f"{who}: {of_another_cluster(sealed)}",
    ]


def test_an_altered_ciphertext_is_found_among_those_that_open(sealed: Project, service: SealingService) -> None:
    text = ciphertext(sealed, "backend-secrets/REDIS_URL")
    sealed.edit(BACKEND, text, text[:-20] + ("A" if text[-20] != "A" else "B") + text[-19:])
    assert found(sealed, service) == (
        f"error: {BACKEND}:2: aura-staging/backend-secrets (REDIS_URL): altered or replaced: "
        "environments/staging.lock has another ciphertext of it [altered]\n"
    )
    # All of each manifest, each key of the one that does not open, and the one key with the two other scopes.
    assert service.calls("verify") == 3 + 4 + 2


@pytest.mark.parametrize(
    ("damaged", "why"),
    [
        ("AgB?", "it is not standard base64"),
        ("é", "it is not standard base64"),
        ("QUJD", "it is not a ciphertext, or cut off: 3 bytes, where the RSA length 16706 needs at least 16724"),
        ("", "it is not a ciphertext: 0 bytes are too few to begin with a length"),
    ],
)
def test_what_is_no_ciphertext_at_all(damaged: str, why: str, sealed: Project, service: SealingService) -> None:
    text = ciphertext(sealed, "backend-secrets/REDIS_URL")
    sealed.edit(BACKEND, text, f"'{damaged}'")
    assert found(sealed, service) == (
        f"error: {BACKEND}:2: aura-staging/backend-secrets (REDIS_URL): altered or cut off: {why} [altered]\n"
    )
    # All of each manifest, and the three keys that may open.
    assert service.calls("verify") == 3 + 1


def test_a_ciphertext_of_another_secret(sealed: Project, service: SealingService) -> None:
    text = ciphertext(sealed, "redis-secrets/redis-password")
    sealed.edit(BACKEND, ciphertext(sealed, "backend-secrets/REDIS_URL"), text)
    assert found(sealed, service) == (
        f"error: {BACKEND}:2: aura-staging/backend-secrets (REDIS_URL): copied: by the lock it is the ciphertext of "
        "redis-secrets/redis-password, and so the controller opens it [copied]\n"
    )


def test_ciphertexts_of_two_secrets_that_were_swapped(sealed: Project, service: SealingService) -> None:
    one, two = (ciphertext(sealed, it) for it in ("redis-secrets/redis-password", "backend-secrets/REDIS_URL"))
    sealed.edit(REDIS, one, two)
    sealed.edit(BACKEND, two, one)
    assert found(sealed, service) == (
        f"error: {BACKEND}:2: aura-staging/backend-secrets (REDIS_URL): copied: by the lock it is the ciphertext of "
        "redis-secrets/redis-password, and so the controller opens it [copied]\n"
        f"error: {REDIS}:2: aura-staging/redis-secrets (redis-password): copied: by the lock it is the ciphertext of "
        "backend-secrets/REDIS_URL, and so the controller opens it [copied]\n"
    )


def test_a_manifest_that_was_copied_to_another_name(sealed: Project, service: SealingService) -> None:
    text = sealed.read(REDIS).decode()
    sealed.write(f"{OVERLAY}/cache.yaml", text.replace("redis-secrets", "cache"))
    assert found(sealed, service) == (
        f"error: {OVERLAY}/cache.yaml:2: aura-staging/cache (redis-password): copied: by the lock it is the ciphertext "
        "of redis-secrets/redis-password, and so the controller opens it [copied]\n"
    )


def test_a_ciphertext_of_another_environment(sealed: Project, service: SealingService) -> None:
    given = yaml.safe_load(sealed.read(ENVIRONMENT))
    sealed.environment("production", **given | {"namespace": "aura-production", "output": "k8s/overlays/production"})
    sealed.run("seal", "production", "-q")
    text = sealed.ciphertexts("production")["redis-secrets/redis-password"]
    sealed.edit(REDIS, ciphertext(sealed, "redis-secrets/redis-password"), text)
    sealed.write("environments/broken.lock", "<<<<<<<\n")
    assert found(sealed, service) == (
        f"error: {REDIS}:2: aura-staging/redis-secrets (redis-password): copied: it is the ciphertext of "
        "redis-secrets/redis-password of the environment production (environments/production.lock) [copied]\n"
    )


def test_another_cluster_s_controller(sealed: Project, service: SealingService) -> None:
    service.keys[:] = [controller("two")]
    why = of_another_cluster(sealed)
    assert found(sealed, service) == (
        f"error: {BACKEND}:2: aura-staging/backend-secrets ({BACKEND_KEYS}): {why}\n"
        f"error: {OVERLAY}/postgres-secrets.yaml:2: aura-staging/postgres-secrets (postgres-password, postgres-user): "
        f"{why}\n"
        f"error: {REDIS}:2: aura-staging/redis-secrets (redis-password): {why}\n"
    )


def test_a_certificate_of_which_the_controller_opens_another_key_is_not_blamed(
    sealed: Project, service: SealingService
) -> None:
    service.keys.insert(0, controller("two"))
    sealed.edit(REDIS, "\n  name: redis-secrets", "\n  name: cache")
    # As if the lock had been changed along with the manifest; its lines are sorted.
    renamed = sealed.read("environments/staging.lock").decode().replace('"secret":"redis-secrets"', '"secret":"cache"')
    lines = renamed.splitlines(keepends=True)
    sealed.write("environments/staging.lock", "".join(lines[:6] + sorted(lines[6:])))
    assert found(sealed, service) == (
        f"error: {REDIS}:2: aura-staging/cache (redis-password): unexplained: by the lock it is what was sealed for "
        "this place, with a certificate whose key the controller has; the lock may be wrong, and the controller's log "
        "says more [unexplained]\n"
    )


def test_a_manifest_that_sealgen_did_not_seal_and_that_opens(
    sealed: Project, other: Project, service: SealingService
) -> None:
    foreign(sealed, other)
    assert verify(sealed, service).out == "staging: 4 SealedSecrets, 8 keys, the controller can open all\n"


def test_a_foreign_manifest_lists_what_fits(sealed: Project, other: Project, service: SealingService) -> None:
    text = other.read(REDIS).decode().replace("redis-secrets", "foreign")
    sealed.write(f"{OVERLAY}/other.yaml", text)
    assert found(sealed, service) == (
        f"error: {OVERLAY}/other.yaml:2: aura-staging/foreign (redis-password): not sealed by sealgen: "
        "environments/staging.lock does not have it; it may be sealed with the certificate of another cluster, or for "
        "another name or namespace, or be altered [not-in-lock]\n"
    )


def test_a_foreign_manifest_of_a_key_of_another_size(sealed: Project, other: Project, service: SealingService) -> None:
    key, pem = controller_certificate(3072, datetime.now(UTC))
    service.keys[:] = [Controller(key, pem, ""), *service.keys]
    text = other.read(REDIS).decode().replace("redis-secrets", "foreign")
    sealed.write(f"{OVERLAY}/other.yaml", text)
    assert found(sealed, service) == (
        f"error: {OVERLAY}/other.yaml:2: aura-staging/foreign (redis-password): another certificate: it was sealed "
        "with a key of 2048 bits, and the controller's newest has 3072; environments/staging.lock does not have it "
        "[other-certificate]\n"
    )


def test_a_foreign_manifest_is_tried_with_other_scopes_and_as_its_template_says(
    sealed: Project, other: Project, service: SealingService
) -> None:
    path = foreign(sealed, other)
    sealed.edit(path, "\n  name: redis-secrets", "\n  name: cache")
    assert found(sealed, service) == (
        f"error: {path}:2: aura-staging/cache (redis-password): renamed: it was sealed for the name redis-secrets, and "
        "so the controller opens it [renamed]\n"
    )
    annotations = "\n  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: 'true'"
    sealed.write(path, other.read(REDIS))
    sealed.edit(path, "\n  name: redis-secrets", f"{annotations}\n  name: redis-secrets")
    assert found(sealed, service) == (
        f"error: {path}:2: aura-staging/redis-secrets (redis-password): scope changed to cluster-wide: it was sealed "
        "with scope strict, and so the controller opens it [scope-changed]\n"
    )


def test_a_key_that_was_added_by_hand(sealed: Project, other: Project, service: SealingService) -> None:
    text = other.ciphertexts()["redis-secrets/redis-password"]
    sealed.edit(BACKEND, "  encryptedData:\n", f"  encryptedData:\n    ADDED: {text}\n")
    assert found(sealed, service) == (
        f"error: {BACKEND}:2: aura-staging/backend-secrets (ADDED): not sealed by sealgen: environments/staging.lock "
        "does not have it; it may be sealed with the certificate of another cluster, or for another name or namespace, "
        "or be altered [not-in-lock]\n"
    )


def test_a_template_that_can_t_be_rendered(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "  template:\n", "  template:\n    data:\n      REDIS_CONF: 'requirepass {{ .x '\n")
    assert found(sealed, service) == (
        f"error: {REDIS}:2: aura-staging/redis-secrets: spec.template.data can't be rendered (REDIS_CONF), while every "
        "key opens [template]\n"
    )


def test_a_manifest_without_a_namespace_is_asked_about_as_one_of_the_environment_s(
    sealed: Project, service: SealingService
) -> None:
    text = sealed.read(REDIS).decode().replace("  namespace: aura-staging\n", "")
    sealed.write(REDIS, text)
    assert verify(sealed, service) == (0, ALL, "")


def test_several_manifests_in_one_file(sealed: Project, service: SealingService) -> None:
    text = sealed.read(REDIS).decode()
    sealed.write(REDIS, "kind: ConfigMap\n" + text + text.replace("\n  name: redis-secrets", "\n  name: cache"))
    out = found(sealed, service)
    assert out == (
        f"error: {REDIS}:16: aura-staging/cache (redis-password): renamed: by environments/staging.lock it was sealed "
        "for the name redis-secrets, and so the controller opens it [renamed]\n"
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "apiVersion: bitnami.com/v1alpha1",
            "apiVersion: v1",
            "{0}:2: can't be read: apiVersion is 'v1', not 'bitnami.com/v1alpha1'",
        ),
        ("\n  name: redis-secrets", "\n  name: 5", "{0}:5: can't be read: metadata.name must be text"),
        (
            "\n    redis-password: ",
            "\n    redis-password: 5 # ",
            "{0}:9: can't be read: spec.encryptedData.redis-password must be text",
        ),
        (
            "kind: SealedSecret",
            "kind: SealedSecret\nkind: SealedSecret",
            "{0}:4: can't be read: 'kind' occurs twice; the first is in line 3",
        ),
    ],
)
def test_a_manifest_that_is_not_taken_as_it_is_written(
    old: str, new: str, message: str, sealed: Project, service: SealingService
) -> None:
    sealed.edit(REDIS, old, new)
    assert found(sealed, service) == f"error: {message.format(REDIS)} [malformed]\n"


def test_a_manifest_in_which_nothing_is_sealed(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "spec:\n  encryptedData:", "spec:\n  encryptedDate:")
    assert found(sealed, service) == (
        f"error: {REDIS}:2: aura-staging/redis-secrets: it holds no ciphertext [malformed]\n"
    )


def test_findings_in_json(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "\n  name: redis-secrets", "\n  name: cache")
    ended = verify(sealed, service, "staging", "--json")
    assert (ended.code, ended.err) == (11, "")
    assert ended.document["results"] == [
        {
            "environment": "staging",
            "secrets": 3,
            "keys": 7,
            "findings": [
                {
                    "cause": "renamed",
                    "file": REDIS,
                    "line": 2,
                    "secret": "aura-staging/cache",
                    "keys": ["redis-password"],
                    "message": "renamed: by environments/staging.lock it was sealed for the name redis-secrets, and so "
                    "the controller opens it",
                }
            ],
        }
    ]


def test_the_last_line_counts_the_findings(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "\n  name: redis-secrets", "\n  name: cache")
    assert verify(sealed, service).out.splitlines()[-1] == "staging: 3 SealedSecrets, 7 keys, 1 finding"


def test_many_environments_are_told_in_order(sealed: Project, service: SealingService) -> None:
    given = yaml.safe_load(sealed.read(ENVIRONMENT))
    names = [f"e{number}" for number in range(8)]
    for name in names:
        sealed.environment(name, **given | {"namespace": name, "output": f"k8s/overlays/{name}"})
    sealed.run("seal", *names, "-q")
    sealed.edit("k8s/overlays/e3/redis-secrets.yaml", "\n  name: redis-secrets", "\n  name: cache")
    ended = sealed.execute("verify", *names)
    assert (ended.code, ended.err) == (11, "")
    assert [line.split(":")[0] for line in ended.out.splitlines()] == ["e0", "e1", "e2", "error", *names[3:]]
    assert service.calls("verify") == 8 * 3 + 1


# --- what can't be asked ---


def test_a_controller_that_does_not_say(sealed: Project, service: SealingService) -> None:
    service.server.answers[f"POST {PROXY}verify"] = Answer(403, b"verification is disabled", "text/plain")
    refused = (
        f"error: staging: the controller does not say what it can open: the context 'test' may not POST {PROXY}verify "
        "(403): verification is disabled\n"
        "Its later releases restrict that, and so may a role. Once it is applied, the status tells: sealgen status "
        "staging\n"
    )
    assert verify(sealed, service) == (12, "", refused)


def test_too_many_questions_are_asked_again(
    sealed: Project, service: SealingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_FIRST_PAUSE", 0.0)
    refuse = iter([True, False, True, True, False, False])
    service.server.answers[f"POST {PROXY}verify"] = lambda request: (
        Answer(429, b"limit exceeded") if next(refuse) else service.verify(request)
    )
    assert verify(sealed, service) == (0, ALL, "")


def test_a_controller_that_fails(sealed: Project, service: SealingService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_FIRST_PAUSE", 0.0)
    service.server.answers[f"POST {PROXY}verify"] = Answer(500)
    assert verify(sealed, service) == (
        1,
        "",
        f"error: SERVER answers POST {PROXY}verify with status 500\n",
    )


def test_a_certificate_that_is_none(sealed: Project, service: SealingService) -> None:
    sealed.edit(REDIS, "\n  name: redis-secrets", "\n  name: cache")
    service.server.answers[f"GET {PROXY}cert.pem"] = Answer(200, b"nothing")
    refused = (
        "error: kube-system/sealed-secrets-controller of SERVER is not PEM; a certificate begins with "
        "-----BEGIN CERTIFICATE-----\n"
    )
    assert verify(sealed, service) == (2, "", refused)


def test_a_damaged_lock_is_said(sealed: Project, service: SealingService) -> None:
    sealed.edit("environments/staging.lock", '"format":1', '"format":2')
    assert verify(sealed, service) == (
        2,
        "",
        "error: environments/staging.lock:1:1: the lock has format 2, and this sealgen knows 1; update sealgen\n",
    )


def test_a_plain_environment_is_refused_before_anybody_is_asked(sealed: Project) -> None:
    sealed.change(backend={"kind": "plain"}, output=None)
    assert sealed.run("verify", "staging") == (
        2,
        "",
        "error: staging is a plain environment: nothing of it is sealed\nPrint its Secrets: sealgen render staging\n",
    )
    assert sealed.run("verify", "--all") == (0, "", "staging: skipped, as nothing of a plain environment is sealed\n")


def test_no_cluster_is_one_clear_error(sealed: Project, tmp_path: Path) -> None:
    sealed.change(cluster={"kubeconfig": "none"})
    assert sealed.run("verify", "staging") == (2, "", f"error: there is no kubeconfig {tmp_path}/none\n")
