"""``sealgen status`` of an environment of External Secrets: what the operator says, and what it has made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sealgen import lock
from sealgen.lock import Lock, LockedValue
from tests.cli.test_external_secrets import BACKEND, PUSH, STORE
from tests.support.api_server import ApiServer, api_server, refusal
from tests.support.live_objects import CORE, NAMESPACE, RBAC, Object, forbid, pod, secret, serve, variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import Ended, Project

API = "/apis/external-secrets.io/v1"
EXTERNAL = f"{API}/namespaces/{NAMESPACE}/externalsecrets"
STORES = f"{API}/namespaces/{NAMESPACE}/secretstores"
NAMES = ("backend-secrets", "postgres-secrets", "redis-secrets")
CLEAN = "staging: 3 external secrets, 3 synced, nothing wrong\n"
READY = {"type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced"}
REFRESHED = "2999-11-20T10:00:00Z"
"""When the store was read for what a test does not say otherwise of: not long ago, whenever the test runs."""
DENIED = {**READY, "status": "False", "reason": "SecretSyncedError", "message": "permission denied\x1b[2J"}


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with api_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def written(project: Project) -> Project:
    """Return Aura's project, whose staging is made by the operator, written."""
    project.change(backend=BACKEND, push=PUSH)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def status(project: Project, server: ApiServer, *arguments: str) -> Ended:
    return project.run("status", *(arguments or ("staging",)), env={"KUBECONFIG": str(server.kubeconfig)})


def applied(project: Project, name: str, *conditions: Object) -> Object:
    """Return what a manifest of the overlay is once it is applied, with these conditions."""
    found: Object = yaml.safe_load(project.read(f"k8s/overlays/staging/{name}.yaml"))
    found["metadata"] |= {"uid": f"uid-of-{name}", "generation": 2}
    # What the API server puts where nothing is said.
    for entry in found["spec"]["data"]:
        entry["remoteRef"] |= {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}
    found["spec"]["target"]["template"] |= {"mergePolicy": "Replace"}
    found["status"] = {
        "conditions": list(conditions),
        "syncedResourceVersion": "2-0a1b",
        "refreshTime": REFRESHED,
    }
    return found


def store(project: Project, *conditions: Object) -> Object:
    """Return what the store is once it is applied, with these conditions."""
    found: Object = yaml.safe_load(project.read("k8s/overlays/staging/secret-store.yaml"))
    return {**found, "status": {"conditions": list(conditions)}}


def made(found: Object) -> Object:
    """Return the metadata of the Secret that the operator makes of an ExternalSecret."""
    name = found["metadata"]["name"]
    owner = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": name, "uid": f"uid-of-{name}"}
    return secret(name, found["spec"]["target"]["template"]["data"], ownerReferences=[{**owner, "controller": True}])


def serve_all(
    server: ApiServer, project: Project, *, at: Object | None = None, **conditions: Object
) -> dict[str, Object]:
    """Have a server answer as a cluster in which all is made, but for what these say, by the Secret's first word.

    ``at`` is the store, if it is not the overlay's.
    """
    found = {name: applied(project, name, conditions.get(name.split("-")[0], READY)) for name in NAMES}
    serve(server, EXTERNAL, *found.values())
    serve(server, STORES, at or store(project, conditions.get("store", READY)))
    serve(server, f"{CORE}/secrets", *map(made, found.values()))
    serve(server, f"{CORE}/pods")
    for path in ("clusterroles", "clusterrolebindings"):
        serve(server, f"{RBAC}/{path}")
    for path in ("roles", "rolebindings"):
        serve(server, f"{RBAC}/namespaces/{NAMESPACE}/{path}")
    return found


def test_all_is_well_and_only_metadata_of_secrets_is_asked_for(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    before = written.tree()
    assert status(written, server) == (0, CLEAN, "")
    assert written.tree() == before
    assert {request.method for request in server.requests} == {"GET"}
    accepted = {request.headers["Accept"] for request in server.requests if request.path.endswith("/secrets")}
    assert all("PartialObjectMetadata" in one for one in accepted)


def test_the_document_names_external_secrets(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    ended = status(written, server, "staging", "--json")
    (result,) = ended.document["results"]
    assert (ended.code, result["settled"], "sealed_secrets" in result) == (0, True, False)
    assert result["external_secrets"][0] == {
        "namespace": NAMESPACE,
        "name": "backend-secrets",
        "synced": "synced",
        "differs": [],
        "secret": "there",
        "detail": None,
        "changed": "2026-11-20T10:00:00+00:00",
        "refreshed": "2999-11-20T10:00:00+00:00",
    }


def told(ended: Ended) -> list[str]:
    """Return the findings that are printed."""
    assert (ended.code, ended.err) == (11, "")
    return ended.out.splitlines()[:-1]


def test_what_the_operator_says_is_told_and_moves_no_cursor(written: Project, server: ApiServer) -> None:
    serve_all(server, written, redis=DENIED, store={**DENIED, "reason": "ValidationFailed"})
    words = r"permission denied\x1b[2J"
    assert told(status(written, server)) == [
        f"error: the SecretStore {NAMESPACE}/aura is not ready: ValidationFailed: {words} [store-not-ready]",
        f"error: {NAMESPACE}/redis-secrets is not synced: SecretSyncedError: {words} [not-synced]",
    ]


def test_long_words_of_a_store_are_cut_and_none_at_all_are_told(written: Project, server: ApiServer) -> None:
    serve_all(server, written, redis={**DENIED, "reason": "R", "message": "m" * 1000})
    silent = {"type": "Ready", "status": "False"}
    serve(server, STORES, store(written, silent))
    assert told(status(written, server)) == [
        f"error: the SecretStore {NAMESPACE}/aura is not ready: no reason given [store-not-ready]",
        f"error: {NAMESPACE}/redis-secrets is not synced: R: {'m' * 296}… [not-synced]",
    ]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"secretStoreRef": {"kind": "ClusterSecretStore", "name": "aura"}}, "secretStoreRef"),
        ({"data": []}, "data"),
        ({"dataFrom": [{"extract": {"key": "all"}}]}, "dataFrom"),
        ({"refreshInterval": "2h"}, "refreshInterval"),
        ({"refreshInterval": None, "refreshPolicy": "CreatedOnce"}, "refreshPolicy"),
    ],
)
def test_what_is_applied_otherwise_is_told(
    written: Project, server: ApiServer, fields: dict[str, Any], what: str
) -> None:
    found = serve_all(server, written)
    found["redis-secrets"]["spec"] |= fields
    serve(server, EXTERNAL, *found.values())
    name = f"{NAMESPACE}/redis-secrets"
    assert told(status(written, server)) == [
        f"error: {name} is applied otherwise than the overlay has it: {what} [differs]"
    ]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"creationPolicy": "Orphan"}, "creationPolicy"),
        ({"deletionPolicy": "Delete"}, "deletionPolicy"),
        ({"name": "other"}, "target.name"),
        ({"immutable": True}, "immutable"),
        ({"manifest": {"apiVersion": "v1", "kind": "ConfigMap"}}, "manifest"),
        ({"template": {"type": "example.com/other"}}, "type"),
        ({"template": {"metadata": {"labels": {"a": "b"}}}}, "labels"),
        ({"template": {"metadata": {"annotations": {"a": "b"}}}}, "annotations"),
        ({"template": {"metadata": {"finalizers": ["example.com/stay"]}}}, "finalizers"),
        ({"template": {"mergePolicy": "Merge"}}, "mergePolicy"),
        ({"template": {"engineVersion": "v1"}}, "engineVersion"),
        ({"template": {"templateFrom": [{"literal": "x: y"}]}}, "templateFrom"),
    ],
)
def test_what_is_made_otherwise_of_the_same_values_is_told(
    written: Project, server: ApiServer, fields: dict[str, Any], what: str
) -> None:
    found = serve_all(server, written)
    target = found["redis-secrets"]["spec"]["target"]
    target |= {**fields, "template": {**target["template"], **fields.get("template", {})}}
    serve(server, EXTERNAL, *found.values())
    name = f"{NAMESPACE}/redis-secrets"
    assert told(status(written, server)) == [
        f"error: {name} is applied otherwise than the overlay has it: {what} [differs]"
    ]


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"sourceRef": {"storeRef": {"name": "other"}}}, "sourceRef"),
        ({"remoteRef": {"conversionStrategy": "Unicode"}}, "conversionStrategy"),
        ({"remoteRef": {"metadataPolicy": "Fetch"}}, "metadataPolicy"),
    ],
)
def test_a_value_that_is_read_otherwise_is_told(
    written: Project, server: ApiServer, fields: dict[str, Any], what: str
) -> None:
    found = serve_all(server, written)
    entry = found["redis-secrets"]["spec"]["data"][0]
    entry |= {**fields, "remoteRef": {**entry["remoteRef"], **fields.get("remoteRef", {})}}
    serve(server, EXTERNAL, *found.values())
    name = f"{NAMESPACE}/redis-secrets"
    assert told(status(written, server)) == [
        f"error: {name} is applied otherwise than the overlay has it: {what} [differs]"
    ]


def test_what_says_nothing_and_the_same_interval_in_other_words_are_no_difference(
    written: Project, server: ApiServer
) -> None:
    found = serve_all(server, written)
    spec = found["redis-secrets"]["spec"]
    spec |= {"refreshInterval": "1h0m0s", "refreshPolicy": "Periodic", "dataFrom": []}
    spec["target"] |= {"immutable": False}
    del spec["target"]["creationPolicy"], spec["target"]["deletionPolicy"]
    serve(server, EXTERNAL, *found.values())
    assert status(written, server) == (0, CLEAN, "")


def test_a_store_that_is_another_is_told_by_its_fields_and_not_by_what_they_hold(
    written: Project, server: ApiServer
) -> None:
    serve_all(server, written)
    other = store(written, READY)
    token = {"tokenSecretRef": {"name": "a", "key": "b"}}
    other["spec"]["provider"]["vault"] |= {"server": "https://canary.example", "version": "v1", "auth": token}
    other["spec"]["conditions"] = [{"namespaces": ["canary"]}]
    serve(server, STORES, other)
    (line,) = told(status(written, server))
    assert line == (
        f"error: the SecretStore {NAMESPACE}/aura is applied otherwise than the overlay has it: conditions, "
        "provider.vault.auth.kubernetes.mountPath, provider.vault.auth.kubernetes.role, "
        "provider.vault.auth.tokenSecretRef.key, provider.vault.auth.tokenSecretRef.name, provider.vault.server, "
        "provider.vault.version [store-differs]"
    )


def test_what_an_api_server_puts_where_a_store_says_nothing_is_no_difference(
    written: Project, server: ApiServer
) -> None:
    serve_all(server, written)
    filled = store(written, READY)
    filled["spec"]["provider"]["vault"] |= {"version": "v2"}
    serve(server, STORES, filled)
    assert status(written, server) == (0, CLEAN, "")


def test_a_store_that_is_not_written_is_told(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    (written.root / "k8s/overlays/staging/secret-store.yaml").unlink()
    assert told(status(written, server)) == [
        "error: the SecretStore aura is not in the overlay [not-sealed]",
        "  sealgen seal staging",
    ]


def test_a_store_that_is_only_referred_to_may_be_any(written: Project, server: ApiServer) -> None:
    written.change(backend={**BACKEND, "secret_store": {"name": "aura", "kind": "SecretStore"}})
    assert written.run("seal", "staging", "-q") == (0, "", "")
    found = {"metadata": {"name": "aura", "namespace": NAMESPACE}, "spec": {"provider": {"fake": {}}}}
    serve_all(server, written, at={**found, "status": {"conditions": [READY]}})
    assert status(written, server) == (0, CLEAN, "")


def test_what_was_not_refreshed_for_long_is_told(written: Project, server: ApiServer) -> None:
    found = serve_all(server, written)
    found["redis-secrets"]["status"]["refreshTime"] = "2026-11-20T10:00:00Z"
    serve(server, EXTERNAL, *found.values())
    (line,) = told(status(written, server))
    assert line == (
        f"error: {NAMESPACE}/redis-secrets was last refreshed at 2026-11-20 10:00:00 UTC, and is to be every 1h: "
        "the operator does not run, or does not keep up [not-refreshed]"
    )
    listed = status(written, server, "staging", "-v").out
    assert "REFRESHED (UTC)" in listed
    assert listed.count("2026-11-20 10:00:00") == 5  # with the times at which the three Secrets changed


def test_what_is_due_for_rotation_is_told_of_values_that_the_lock_dates(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    values = yaml.safe_load(written.read("environments/staging.yaml"))["values"]
    written.change(values={**values, "jwt_secret_key": {**values["jwt_secret_key"], "rotate_every": "90d"}})
    locked = {"jwt_secret_key": LockedValue("1-0a1b2c3d", "2020-01-01", "0" * 64)}
    written.write("environments/staging.lock", lock.dump(Lock(None, locked)))
    ended = status(written, server)
    assert (ended.code, ended.err) == (0, "")
    line, summary = ended.out.splitlines()
    assert line.startswith("warning: jwt_secret_key has been due for rotation for ")
    assert line.endswith(" (version of 2020-01-01, every 90 days) [rotation-due]")
    assert summary == "staging: 3 external secrets, 3 synced, 1 finding"


def test_a_lock_that_is_malformed_is_told_before_the_cluster_is_asked(written: Project, server: ApiServer) -> None:
    written.write("environments/staging.lock", "x\n")
    ended = status(written, server, "staging", "--watch")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "error: environments/staging.lock:1:1: not a line of a lock as sealgen writes it; restore it from Git\n"
    )
    assert server.requests == []


def test_a_key_that_is_made_otherwise_is_told_without_what_it_is_made_of(written: Project, server: ApiServer) -> None:
    found = serve_all(server, written)
    found["redis-secrets"]["spec"]["target"]["template"]["data"]["redis-password"] = "canary-77d0"
    serve(server, EXTERNAL, *found.values())
    for arguments in ((), ("-v",), ("--json",)):
        ended = status(written, server, "staging", *arguments)
        assert "redis-password" in ended.out
        assert "canary-77d0" not in ended.out + ended.err


def test_secrets_that_are_missing_or_lack_keys_are_told(written: Project, server: ApiServer) -> None:
    found = serve_all(server, written)
    del found["backend-secrets"]["spec"]["target"]["template"]["data"]["REDIS_URL"]
    serve(server, f"{CORE}/secrets", made(found["backend-secrets"]), made(found["postgres-secrets"]))
    assert told(status(written, server)) == [
        f"error: the Secret {NAMESPACE}/backend-secrets has no REDIS_URL [keys-missing]",
        f"error: the Secret {NAMESPACE}/redis-secrets is not there [secret-missing]",
    ]


def test_what_the_operator_has_not_seen_yet_is_pending(written: Project, server: ApiServer) -> None:
    found = serve_all(server, written)
    found["backend-secrets"]["status"]["syncedResourceVersion"] = "1-0a1b"
    found["postgres-secrets"]["status"] = {}
    serve(server, EXTERNAL, *found.values())
    assert told(status(written, server)) == [
        f"error: {NAMESPACE}/{name} is not synced yet: the operator has not looked at it yet [pending]"
        for name in ("backend-secrets", "postgres-secrets")
    ]


def test_what_is_not_applied_and_what_is_not_in_the_overlay(written: Project, server: ApiServer) -> None:
    found = serve_all(server, written)
    found["redis-secrets"]["metadata"]["name"] = "other"
    serve(server, EXTERNAL, *found.values())
    (written.root / "k8s/overlays/staging/postgres-secrets.yaml").unlink()
    others = "other, postgres-secrets"
    assert told(status(written, server)) == [
        "error: postgres-secrets is not in the overlay [not-sealed]",
        "  sealgen seal staging",
        f"warning: {NAMESPACE} has ExternalSecrets that the overlay does not have: {others} [not-in-overlay]",
        f"error: {NAMESPACE}/redis-secrets is not applied [not-applied]",
    ]


def test_a_store_that_is_not_there(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    serve(server, STORES)
    assert told(status(written, server)) == [f"error: the SecretStore {NAMESPACE}/aura is not there [store-missing]"]


def test_a_store_of_all_namespaces_is_asked_for_where_it_is(written: Project, server: ApiServer) -> None:
    written.change(backend={**BACKEND, "secret_store": {**STORE, "kind": "ClusterSecretStore"}})
    assert written.run("seal", "staging", "-q") == (0, "", "")
    serve_all(server, written)
    serve(server, f"{API}/clustersecretstores", store(written, DENIED))
    (line,) = told(status(written, server))
    assert line.startswith("error: the ClusterSecretStore aura is not ready: SecretSyncedError: permission denied")


def test_a_pod_that_read_what_was_there_before_needs_a_restart(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    serve(server, f"{CORE}/pods", pod("p", variable("backend-secrets"), owner=("StatefulSet", "db")))
    ended = status(written, server)
    assert ended.code == 11
    assert "kubectl rollout restart statefulset/db -n aura-staging\n" in ended.out


def test_what_may_not_be_read_is_said(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    forbid(server, EXTERNAL, *(f"{EXTERNAL}/{name}" for name in NAMES), STORES, f"{STORES}/aura")
    ended = status(written, server)
    names = f"{NAMESPACE}/{NAMES[0]}, {NAMESPACE}/{NAMES[1]} and {NAMESPACE}/{NAMES[2]}"
    assert ended.code == 12
    assert ended.out.splitlines() == [
        "staging: 3 external secrets, 0 synced, nothing wrong",
        f"  not seen: all ExternalSecrets of {NAMESPACE}: whether there are some beside the overlay's",
        f"  not seen: the ExternalSecrets {names}: whether they are applied and synced",
        f"  not seen: the SecretStore {NAMESPACE}/aura: whether the operator can read it",
    ]


def test_a_cluster_without_the_operator(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    for path in (EXTERNAL, STORES):
        server.answers[f"GET {path}"] = refusal(404, "not found")
    first, *_ = told(status(written, server))
    words = "the cluster has no ExternalSecrets: the operator is not installed, or too old for this version"
    assert first == f"error: {words} [not-installed]"


def test_it_is_waited_for(written: Project, server: ApiServer) -> None:
    serve_all(server, written)
    assert status(written, server, "staging", "--watch", "-q") == (0, "", "")


# --- what the operator makes ---

PUSHES = f"/apis/external-secrets.io/v1alpha1/namespaces/{NAMESPACE}/pushsecrets"
PUSH_NAME = "generated-jwt-secret-key"
SYNCED = {**READY, "reason": "Synced", "message": "PushSecret synced successfully"}


@pytest.fixture
def generated(project: Project) -> Project:
    """Return the project whose staging has a value that the operator makes, written."""
    project.change(backend=BACKEND, push=PUSH)
    project.edit("environments/staging.yaml", "bytes: 32", "bytes: 32\n    made_by: operator")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


def push_secret(*conditions: Object) -> Object:
    metadata = {"name": PUSH_NAME, "namespace": NAMESPACE}
    return {"kind": "PushSecret", "metadata": metadata, "status": {"conditions": list(conditions)}}


def test_a_value_that_the_operator_has_put_is_well(generated: Project, server: ApiServer) -> None:
    serve_all(server, generated)
    serve(server, PUSHES, push_secret(SYNCED))
    assert status(generated, server) == (0, CLEAN, "")


@pytest.mark.parametrize(
    ("found", "what"),
    [
        ([], "it is not there"),
        ([push_secret()], "the operator has not looked at it yet"),
        ([push_secret({**SYNCED, "status": "False", "reason": "Errored", "message": "denied"})], "Errored: denied"),
    ],
)
def test_a_value_that_the_operator_has_not_put_is_told(
    generated: Project, server: ApiServer, found: list[Object], what: str
) -> None:
    serve_all(server, generated)
    serve(server, PUSHES, *found)
    value = "jwt_secret_key, which the operator makes, is not put into the store"
    message = f"error: {value} by the PushSecret {NAMESPACE}/{PUSH_NAME}: {what} [value-not-made]"
    assert told(status(generated, server)) == [message]


def test_where_push_secrets_may_not_be_read_that_is_said(generated: Project, server: ApiServer) -> None:
    serve_all(server, generated)
    forbid(server, PUSHES)
    forbid(server, f"{PUSHES}/{PUSH_NAME}")
    ended = status(generated, server, "staging")
    assert ended.code == 0
    assert f"not seen: the PushSecrets {NAMESPACE}/{PUSH_NAME}: whether the operator makes their values" in ended.out
