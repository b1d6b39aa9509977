"""``sealgen status``: what it asks, what it prints, what it can't see, and that it waits no longer than it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgen.cluster.connection import METADATA, METADATA_LIST
from tests.support.api_server import Answer, ApiServer, Request, api_server, as_json, refusal
from tests.support.live_objects import (
    CORE,
    NAMESPACE,
    RBAC,
    SEALED,
    applied,
    binding,
    forbid,
    made_of,
    not_synced,
    pod,
    reading,
    role,
    secret,
    serve,
    serve_all,
    variable,
)
from tests.support.project import controller
from tests.support.terminal import at_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Ended, Project

CLEAN = "staging: 3 sealed secrets, 3 synced, nothing wrong\n"
ROLES = [f"{RBAC}/namespaces/{NAMESPACE}/{plural}" for plural in ("roles", "rolebindings")]
CLUSTER_ROLES = [f"{RBAC}/{plural}" for plural in ("clusterroles", "clusterrolebindings")]


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as running:
        yield running


def status(project: Project, server: ApiServer, *arguments: str) -> Ended:
    return project.run("status", *(arguments or ("staging",)), env={"KUBECONFIG": str(server.kubeconfig)})


# --- what it says ---


def test_all_is_well(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    before = sealed.tree()
    assert status(sealed, server) == (0, CLEAN, "")
    assert sealed.tree() == before


def test_it_only_reads_and_asks_for_the_metadata_of_secrets_alone(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    forbid(server, f"{CORE}/secrets")
    assert status(sealed, server).code == 0
    assert {request.method for request in server.requests} == {"GET"}
    accepted = {request.path: request.headers["Accept"] for request in server.requests if "/secrets" in request.path}
    assert accepted.pop(f"{CORE}/secrets") == METADATA_LIST
    assert accepted == dict.fromkeys(
        (f"{CORE}/secrets/{name}" for name in ("backend-secrets", "postgres-secrets", "redis-secrets")), METADATA
    )


def test_verbose_shows_every_row_and_who_may_read(sealed: Project, server: ApiServer) -> None:
    sealed.change(access={"reader": {"secrets": ["backend-secrets"], "subjects": [{"service_account": "backend"}]}})
    assert sealed.run("seal", "staging", "-q") == (0, "", "")
    found = serve_all(server, sealed)
    del found["redis-secrets"]
    serve(server, SEALED, *found.values())
    backend = {"kind": "ServiceAccount", "name": "backend", "namespace": NAMESPACE}
    serve(server, ROLES[0], role("reader", [reading("backend-secrets")]))
    serve(server, ROLES[1], binding("reader", "reader", [backend]))
    serve(server, CLUSTER_ROLES[0], role("admin", [reading(verbs=["*"])], namespace=""))
    everywhere = binding("admins", "admin", [{"kind": "Group", "name": "ops"}], kind="ClusterRole", namespace="")
    serve(server, CLUSTER_ROLES[1], everywhere)
    ended = status(sealed, server, "staging", "-v")
    assert (ended.code, ended.err) == (11, "")
    assert (
        ended.out
        == """\
staging
  SEALED SECRET                  SYNCED       OVERLAY  SECRET  CHANGED (UTC)        DETAIL
  aura-staging/backend-secrets   synced       same     there   2026-11-20 10:00:00
  aura-staging/postgres-secrets  synced       same     there   2026-11-20 10:00:00
  aura-staging/redis-secrets     not applied  ?        there   2026-11-20 10:00:00
  WHO                                  MAY               SECRETS                          BY
  ServiceAccount aura-staging/backend  get               backend-secrets of aura-staging  access:
  Group ops                            get, list, watch  all of aura-staging              ClusterRoleBinding admins
error: aura-staging/redis-secrets is not applied [not-applied]
staging: 3 sealed secrets, 2 synced, 1 finding
  may read them: 1 by access:, 1 other (-v lists them)
"""
    )


def test_what_is_wrong_is_printed_with_the_command_that_helps(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    sealed.change(cluster={"context": "test", "kubeconfig": "~/my configs/aura"})
    server.kubeconfig.with_name("my configs").mkdir()
    server.kubeconfig.rename(server.kubeconfig.with_name("my configs") / "aura")
    serve(server, f"{CORE}/pods", pod("p", variable("backend-secrets"), owner=("ReplicaSet", "backend-5d4f8c7b9")))
    broken = applied(sealed, "redis-secrets", conditions=not_synced("no key could decrypt secret (redis-password)"))
    broken["spec"]["encryptedData"]["redis-password"] = "AgA="
    serve(server, SEALED, applied(sealed, "backend-secrets"), applied(sealed, "postgres-secrets"), broken)
    ended = sealed.run("status", "staging", "-q", env={"HOME": str(server.kubeconfig.parent)})
    assert (ended.code, ended.err) == (11, "")
    assert ended.out == (
        "error: aura-staging/redis-secrets is not synced: no key could decrypt secret (redis-password) [not-synced]\n"
        "error: aura-staging/redis-secrets is applied otherwise than the overlay has it: redis-password [differs]\n"
        "error: deployment/backend of aura-staging needs a restart: backend-secrets changed at 2026-11-20 10:00:00 UTC "
        "(when its keys were written), which is in the environment of container app [restart-needed]\n"
        "  kubectl rollout restart deployment/backend -n aura-staging --kubeconfig ~/'my configs/aura' --context test\n"
    )


def test_the_document(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    started = "2026-11-20T09:00:00Z"
    serve(server, f"{CORE}/pods", pod("p", variable("backend-secrets"), owner=("StatefulSet", "db"), started=started))
    serve(server, ROLES[0], role("r", [reading("redis-secrets")]))
    serve(server, ROLES[1], binding("b", "r", [{"kind": "User", "name": "jane"}]))
    forbid(server, *CLUSTER_ROLES)
    ended = status(sealed, server, "staging", "--json")
    assert (ended.code, ended.err, ended.document["command"]) == (11, "", "status")
    (result,) = ended.document["results"]
    first, *_ = result.pop("sealed_secrets")
    assert first == {
        "namespace": NAMESPACE,
        "name": "backend-secrets",
        "synced": "synced",
        "differs": [],
        "secret": "there",
        "detail": None,
        "changed": "2026-11-20T10:00:00+00:00",
    }
    message = (
        "statefulset/db of aura-staging needs a restart: backend-secrets changed at 2026-11-20 10:00:00 UTC "
        "(when its keys were written), which is in the environment of container app"
    )
    assert result == {
        "environment": "staging",
        "settled": True,
        "restarts": [
            {
                "namespace": NAMESPACE,
                "kind": "StatefulSet",
                "name": "db",
                "pods": ["p"],
                "secret": "backend-secrets",
                "changed": "2026-11-20T10:00:00+00:00",
                "source": "when its keys were written",
                "where": ["the environment of container app"],
            }
        ],
        "readers": [
            {
                "kind": "User",
                "name": "jane",
                "subject_namespace": None,
                "namespace": NAMESPACE,
                "secrets": ["redis-secrets"],
                "verbs": ["get"],
                "through": ["RoleBinding aura-staging/b"],
                "by_access": False,
            }
        ],
        "findings": [
            {
                "id": "restart-needed",
                "severity": "error",
                "message": message,
                "command": "kubectl rollout restart statefulset/db -n aura-staging",
            }
        ],
        "unseen": [
            "ClusterRoles: who may read the Secrets of all namespaces",
            "ClusterRoleBindings: who may read the Secrets of all namespaces",
        ],
    }


def test_values_that_are_due_for_rotation_are_told_too(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    sealed.edit("environments/staging.yaml", "generate: hex", "rotate_every: 1d\n    generate: hex")
    lock = sealed.read("environments/staging.lock").decode()
    date = sealed.lock()["jwt_secret_key"]["date"]
    sealed.write("environments/staging.lock", lock.replace(date, "2026-01-01"))
    ended = status(sealed, server)
    assert ended.code == 0
    assert ended.out.startswith("warning: jwt_secret_key has been due for rotation for ")
    assert ended.out.endswith("staging: 3 sealed secrets, 3 synced, 1 finding\n")


def test_a_certificate_that_is_not_the_pinned_one_is_told_with_the_rest(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    sealed.change(backend=sealed.backend(fingerprint=controller("two").fingerprint))
    ended = status(sealed, server, "staging", "--json")
    (finding,) = ended.document["results"][0]["findings"]
    assert (ended.code, finding["id"], finding["severity"]) == (11, "certificate-invalid", "error")


def test_a_secret_that_was_never_sealed_is_told(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    sealed.template("new", {"KEY": "{{ values.jwt_secret_key }}"})
    sealed.change(secrets=["backend-secrets", "postgres-secrets", "redis-secrets", "new"])
    assert status(sealed, server) == (
        11,
        "error: new is not in the overlay [not-sealed]\n  sealgen seal staging\n"
        + CLEAN.replace("nothing wrong", "1 finding"),
        "",
    )
    assert status(sealed, server, "staging", "--watch").code == 11


def test_access_that_was_never_written_is_not_missed_in_the_cluster(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    sealed.change(access={"reader": {"secrets": ["backend-secrets"], "subjects": [{"group": "g"}]}})
    assert status(sealed, server) == (0, CLEAN, "")
    assert sealed.run("seal", "staging", "-q").code == 0
    words = "aura-staging/reader of access: is not as the overlay has it: the Role is not applied"
    assert status(sealed, server, "staging", "-q") == (11, f"error: {words} [access-differs]\n", "")


def test_each_namespace_is_asked(sealed: Project, server: ApiServer) -> None:
    sealed.change(secrets=["backend-secrets", "postgres-secrets", {"name": "redis-secrets", "namespace": "cache"}])
    assert sealed.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    found = serve_all(server, sealed)
    moved = found.pop("redis-secrets")
    serve(server, SEALED, *found.values())
    serve(server, SEALED.replace(NAMESPACE, "cache"), moved)
    in_cache = {**made_of(moved)["metadata"], "namespace": "cache"}
    serve(server, "/api/v1/namespaces/cache/secrets", {"metadata": in_cache})
    for plural in ("pods", "roles", "rolebindings"):
        api = "/api/v1" if plural == "pods" else RBAC
        forbid(server, f"{api}/namespaces/cache/{plural}")
    assert (
        status(sealed, server).out
        == f"""\
{CLEAN}\
  not seen: Pods of cache: which workloads need a restart
  not seen: Roles of cache: who may read the Secrets
  not seen: RoleBindings of cache: who may read the Secrets
"""
    )


def test_plaintexts_in_annotations_of_other_secrets_go_nowhere(sealed: Project, server: ApiServer) -> None:
    found = serve_all(server, sealed)
    told = '{"data":{"password":"c2VjcmV0LXBhc3N3b3Jk"}}'
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": told}
    loose = secret("loose", ["password"], ownerReferences=[], annotations=annotations)
    serve(server, f"{CORE}/secrets", loose, *map(made_of, found.values()))
    for arguments in (("-v",), ("--json",)):
        ended = status(sealed, server, "staging", *arguments)
        assert "loose" in ended.out
        assert "c2VjcmV0LXBhc3N3b3Jk" not in ended.out + ended.err


# --- who may not see everything ---


def test_who_may_read_nothing_but_sealed_secrets_is_told_what_was_not_seen(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    names = ("backend-secrets", "postgres-secrets", "redis-secrets")
    secrets = [f"{CORE}/secrets/{name}" for name in names]
    forbid(server, f"{CORE}/secrets", *secrets, f"{CORE}/pods", *ROLES, *CLUSTER_ROLES)
    all_of_them = " and ".join((f"{NAMESPACE}/{names[0]}, {NAMESPACE}/{names[1]}", f"{NAMESPACE}/{names[2]}"))
    assert status(sealed, server) == (
        0,
        f"""\
{CLEAN}\
  not seen: all Secrets of {NAMESPACE}: whether there are some that nothing manages
  not seen: the Secrets {all_of_them}: whether they are there, whose they are, which keys they have
  not seen: Pods of {NAMESPACE}: which workloads need a restart
  not seen: Roles of {NAMESPACE}: who may read the Secrets
  not seen: RoleBindings of {NAMESPACE}: who may read the Secrets
  not seen: ClusterRoles: who may read the Secrets of all namespaces
  not seen: ClusterRoleBindings: who may read the Secrets of all namespaces
""",
        "",
    )


def test_who_may_read_some_by_name_sees_those(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    forbid(server, f"{CORE}/secrets", f"{CORE}/secrets/redis-secrets", SEALED)
    server.answers[f"GET {CORE}/secrets/postgres-secrets"] = refusal(404, "not found")
    ended = status(sealed, server)
    assert (
        ended.out
        == f"""\
error: the Secret {NAMESPACE}/postgres-secrets is not there [secret-missing]
staging: 3 sealed secrets, 2 synced, 1 finding
  not seen: all SealedSecrets of {NAMESPACE}: whether there are some beside the overlay's
  not seen: all Secrets of {NAMESPACE}: whether there are some that nothing manages
  not seen: the Secrets {NAMESPACE}/redis-secrets: whether they are there, whose they are, which keys they have
"""
    )


def test_who_may_not_read_sealed_secrets_can_not_tell(sealed: Project, server: ApiServer) -> None:
    found = serve_all(server, sealed)
    forbid(server, SEALED, *(f"{SEALED}/{name}" for name in found))
    ended = status(sealed, server)
    assert (ended.code, ended.out.splitlines()[0]) == (12, "staging: 3 sealed secrets, 0 synced, nothing wrong")
    assert status(sealed, server, "staging", "--watch").code == 12


def test_a_cluster_without_the_controller(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    del server.answers[f"GET {SEALED}"]
    ended = status(sealed, server)
    assert ended.code == 11
    told = "error: the cluster has no SealedSecrets: its controller is not installed [not-installed]"
    assert ended.out.splitlines()[0] == told


@pytest.mark.parametrize("path", [SEALED, f"{CORE}/secrets", f"{CORE}/pods", CLUSTER_ROLES[0]])
def test_any_other_refusal_is_an_error(path: str, sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    server.answers[f"GET {path}"] = refusal(401, "Unauthorized")
    ended = status(sealed, server)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"error: {server.url} does not know who this is (401): Unauthorized\n"
        "The credentials of the context 'test' may have expired; sign in again.\n"
    )


# --- which environments ---


def test_a_plain_environment_is_skipped_among_all_and_refused_by_name(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    sealed.environment("development", backend={"kind": "plain"}, secrets=[])
    assert status(sealed, server, "--all") == (
        0,
        CLEAN,
        "development: skipped, as nothing of a plain environment is sealed\n",
    )
    ended = status(sealed, server, "development")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: development is a plain environment: nothing of it is sealed\n"
        "Print its Secrets: sealgen render development\n"
    )


# --- waiting ---


def pending_until(server: ApiServer, project: Project, looks: int) -> list[int]:
    """Have the last SealedSecret be pending until it was looked at so often; return the count of looks, in a list."""
    count = [0]

    def answer(_: Request) -> Answer:
        count[0] += 1
        pending: dict[str, Any] = {} if count[0] > looks else {"conditions": []}
        last = applied(project, "redis-secrets", **pending)
        others = [applied(project, "backend-secrets"), applied(project, "postgres-secrets")]
        return as_json({"items": [*others, last]})

    server.answers[f"GET {SEALED}"] = answer
    return count


def test_watch_waits_until_all_are_synced(sealed: Project, server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealgen.cli.status._PACE", 0.01)
    serve_all(server, sealed)
    count = pending_until(server, sealed, 3)
    assert status(sealed, server, "staging", "--watch") == (0, CLEAN, "")
    assert count == [5]  # and once more for the whole status


def test_watch_gives_up_at_the_timeout(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    pending_until(server, sealed, 1000)
    ended = status(sealed, server, "staging", "--watch", "--timeout", "0s")
    assert (ended.code, ended.err) == (11, "")
    assert ended.out == (
        "error: aura-staging/redis-secrets is not synced yet: the controller has not looked at it yet [pending]\n"
        "staging: 3 sealed secrets, 2 synced, 1 finding\n"
    )


def test_a_person_sees_how_far_it_is_while_it_waits(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    pending_until(server, sealed, 2)
    session = at_terminal(sealed, "status", "staging", "--watch", env={"KUBECONFIG": str(server.kubeconfig)})
    assert session.code == 0
    assert "staging: synced 2 of 3" in session.shown
    assert session.shown.endswith("\r\x1b[K" + CLEAN.replace("\n", "\r\n"))


def test_with_watch_a_restart_that_is_needed_is_told_and_no_failure(sealed: Project, server: ApiServer) -> None:
    serve_all(server, sealed)
    serve(server, f"{CORE}/pods", pod("p", variable("backend-secrets"), owner=("StatefulSet", "db")))
    assert status(sealed, server).code == 11
    ended = status(sealed, server, "staging", "--watch")
    assert ended.code == 0
    assert "kubectl rollout restart statefulset/db -n aura-staging\n" in ended.out


@pytest.mark.parametrize("text", ["5", "m", "-1s", "5d", "1.5m"])
def test_a_timeout_is_a_number_and_a_unit(text: str, sealed: Project, server: ApiServer) -> None:
    ended = status(sealed, server, "staging", "--watch", "--timeout", text)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        f"error: Invalid value for '--timeout': '{text}' is no duration; write 30s or 5m\n"
        "Try 'sealgen status --help'.\n"
    )


def test_a_timeout_is_for_watch(sealed: Project, server: ApiServer) -> None:
    ended = status(sealed, server, "staging", "--timeout", "5m")
    assert ended == (2, "", "error: --timeout is for --watch\nTry 'sealgen status --help'.\n")
