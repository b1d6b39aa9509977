"""``sealgen status`` against a real cluster: what its controller says and does is what is told, with no Secret read."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.cluster.sealing import sealing_for
from tests.support.project import Ended, Project, aura

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

OVERLAY = "k8s/overlays/staging"
REDIS = "templates/redis-secrets.yaml.j2"
NAMES = ("backend-secrets", "postgres-secrets", "redis-secrets")
SEALED_SECRETS = {"apiGroups": ["bitnami.com"], "resources": ["sealedsecrets"], "verbs": ["get", "list"]}
RESTART = "rollout restart deployment/backend"


@pytest.fixture
def project(cluster: Cluster, namespace: str, tmp_path: Path) -> Project:
    """Return Aura's project, sealed for the cluster and not applied yet."""
    project = sealing_for(cluster, aura(tmp_path))
    project.change(backend=project.backend(), namespace=namespace, cluster={"kubeconfig": str(cluster.kubeconfig)})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


@pytest.fixture
def live(cluster: Cluster, project: Project) -> Project:
    """Return the project, applied and synced."""
    apply(cluster, project)
    return project


def apply(cluster: Cluster, project: Project) -> None:
    cluster.kubectl("apply", "-k", str(project.root / OVERLAY))
    ended = project.run("status", "staging", "--watch", "--timeout", "1m", "-q")
    assert ended.code == 0, ended


def ids(ended: Ended) -> list[str]:
    """Return which findings a document has."""
    return [finding["id"] for finding in ended.document["results"][0]["findings"]]


def rows(ended: Ended) -> dict[str, Any]:
    """Return the rows of a document by name."""
    return {row["name"]: row for row in ended.document["results"][0]["sealed_secrets"]}


def status(project: Project) -> Ended:
    return project.run("status", "staging", "--json")


# --- synced, and what differs ---


def test_what_is_applied_is_watched_until_it_is_synced(live: Project) -> None:
    ended = status(live)
    assert (ended.code, ids(ended), ended.document["results"][0]["unseen"]) == (0, [], [])
    assert {(row["synced"], row["secret"], *row["differs"]) for row in rows(ended).values()} == {("synced", "there")}


def test_before_it_is_applied(project: Project) -> None:
    ended = status(project)
    assert (ended.code, ids(ended)) == (11, ["not-applied"] * 3)


def test_what_was_sealed_since_differs_in_its_keys_until_it_is_applied(cluster: Cluster, live: Project) -> None:
    assert live.run("seal", "staging", "--rotate", "redis_password", "-q") == (0, "", "")
    ended = status(live)
    assert (ended.code, ids(ended)) == (11, ["differs", "differs"])
    assert {name: row["differs"] for name, row in rows(ended).items()} == {
        "backend-secrets": ["REDIS_URL"],
        "postgres-secrets": [],
        "redis-secrets": ["redis-password"],
    }
    apply(cluster, live)
    assert status(live).code == 0


def test_what_somebody_changed_in_the_cluster_differs(cluster: Cluster, namespace: str, live: Project) -> None:
    patch = {"spec": {"template": {"data": {"extra": "{{ .JWT_SECRET_KEY }}"}}}}
    arguments = ("patch", "sealedsecret", "backend-secrets", f"--namespace={namespace}", "--type=merge")
    cluster.kubectl(*arguments, "--patch", json.dumps(patch))
    assert rows(status(live))["backend-secrets"]["differs"] == ["template"]


def test_what_the_controller_can_not_open_is_told_in_its_words(cluster: Cluster, project: Project) -> None:
    path = project.manifest("redis-secrets")
    ciphertexts = project.ciphertexts()
    project.edit(path, ciphertexts["redis-secrets/redis-password"], ciphertexts["backend-secrets/JWT_SECRET_KEY"])
    cluster.kubectl("apply", "-k", str(project.root / OVERLAY))
    ended = project.run("status", "staging", "--watch", "--timeout", "3s", "--json")
    row = rows(ended)["redis-secrets"]
    assert (ended.code, row["synced"], row["secret"]) == (11, "not synced", "missing")
    assert row["detail"] == "no key could decrypt secret (redis-password)"


def test_secrets_that_are_in_the_way_and_those_that_nobody_manages(
    cluster: Cluster, namespace: str, project: Project
) -> None:
    create = ("create", "secret", "generic", f"--namespace={namespace}")
    cluster.kubectl(*create, "redis-secrets", "--from-literal=redis-password=by-hand")
    cluster.kubectl(*create, "loose", "--from-literal=a=b")
    cluster.kubectl("apply", "-k", str(project.root / OVERLAY))
    ended = project.run("status", "staging", "--watch", "--timeout", "3s", "--json")
    row = rows(ended)["redis-secrets"]
    assert (ended.code, row["synced"], row["secret"]) == (11, "not synced", "not managed")
    assert "already exists and is not managed by SealedSecret" in row["detail"]
    assert ids(ended) == ["not-synced", "unmanaged-in-the-way", "unmanaged"]
    assert (
        ended.document["results"][0]["findings"][2]["message"] == f"{namespace} has Secrets that nothing manages: loose"
    )


def test_a_sealed_secret_that_left_the_overlay_is_still_there(live: Project) -> None:
    live.change(secrets=["backend-secrets", "postgres-secrets"])
    assert live.run("seal", "staging", "-q") == (0, "", "")
    ended = status(live)
    assert (ended.code, ids(ended)) == (0, ["not-in-overlay"])


def test_a_key_that_somebody_took_out_of_the_secret_is_missing(cluster: Cluster, namespace: str, live: Project) -> None:
    patch = '[{"op": "remove", "path": "/data/REDIS_URL"}]'
    cluster.kubectl("patch", "secret", "backend-secrets", f"--namespace={namespace}", "--type=json", "--patch", patch)
    ended = status(live)
    assert (ended.code, ids(ended), rows(ended)["backend-secrets"]["detail"]) == (11, ["keys-missing"], "REDIS_URL")


# --- restarts ---


def run_backend(cluster: Cluster, namespace: str, name: str, started: datetime) -> None:
    """Make a pod of the Deployment ``backend``, which reads a key and mounts a Secret, and has run since then."""
    cluster.kubectl("wait", "--for=create", "serviceaccount/default", f"--namespace={namespace}", "--timeout=60s")
    replica_set = "backend-5d4f8c7b9"
    labels = {"app": "backend", "pod-template-hash": "5d4f8c7b9"}
    reference = {"name": "backend-secrets", "key": "JWT_SECRET_KEY"}
    spec = {
        "containers": [
            {
                "name": "app",
                "image": "backend",
                "env": [{"name": "JWT", "valueFrom": {"secretKeyRef": reference}}],
                "volumeMounts": [{"name": "redis", "mountPath": "/redis"}],
            }
        ],
        "volumes": [{"name": "redis", "secret": {"secretName": "redis-secrets"}}],
    }
    head = {"namespace": namespace, "labels": labels}
    template = {"metadata": {"labels": labels}, "spec": spec}
    selector = {"matchLabels": labels}
    cluster.apply(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {**head, "name": replica_set},
            "spec": {"replicas": 1, "selector": selector, "template": template},
        }
    )
    owner = cluster.get("replicaset", replica_set, f"--namespace={namespace}")["metadata"]["uid"]
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": replica_set, "uid": owner}
    metadata = {**head, "name": name, "ownerReferences": [{**reference, "controller": True}]}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    state = {"running": {"startedAt": f"{started:%Y-%m-%dT%H:%M:%SZ}"}}
    container = {"name": "app", "image": "backend", "imageID": "", "ready": True, "restartCount": 0, "state": state}
    patch = json.dumps({"status": {"phase": "Running", "containerStatuses": [container]}})
    cluster.kubectl("patch", "pod", name, f"--namespace={namespace}", "--subresource=status", "--patch", patch)


def restarts(project: Project) -> list[tuple[str, str]]:
    """Return the Secrets and commands of what needs a restart."""
    (result,) = status(project).document["results"]
    commands = [found["command"] for found in result["findings"] if found["id"] == "restart-needed"]
    assert {one["source"] for one in result["restarts"]} <= {"when its keys were written"}
    return [(one["secret"], command) for one, command in zip(result["restarts"], commands, strict=True)]


def test_only_what_was_read_before_another_value_came_needs_a_restart(
    cluster: Cluster, namespace: str, live: Project
) -> None:
    command = f"kubectl {RESTART} -n {namespace} --kubeconfig {cluster.kubeconfig}"
    run_backend(cluster, namespace, "old", datetime.now(UTC))
    assert restarts(live) == []
    time.sleep(1.1)  # the cluster's dates are whole seconds
    # A mount follows its Secret.
    live.write(REDIS, live.read(REDIS) + b"  another: 'key'\n")
    # Another ciphertext of the same value is no other Secret.
    path = live.manifest("postgres-secrets")
    live.edit(path, live.ciphertexts()["postgres-secrets/postgres-user"], "AgA=")
    assert live.run("seal", "staging", "-q") == (0, "", "")
    apply(cluster, live)
    assert sorted(cluster.secret(namespace, "redis-secrets")) == ["another", "redis-password"]
    assert restarts(live) == []
    cluster.kubectl("label", "secret", "backend-secrets", f"--namespace={namespace}", "seen=yes")
    assert restarts(live) == []
    assert live.run("seal", "staging", "--rotate", "jwt_secret_key", "-q") == (0, "", "")
    apply(cluster, live)
    assert restarts(live) == [("backend-secrets", command)]
    cluster.kubectl("delete", "pod", "old", f"--namespace={namespace}", "--grace-period=0", "--force")
    run_backend(cluster, namespace, "new", datetime.now(UTC) + timedelta(seconds=2))
    assert restarts(live) == []


# --- who may not see everything ---


def test_who_may_not_read_secrets_is_told_what_was_not_seen(cluster: Cluster, namespace: str, live: Project) -> None:
    live.change(cluster={"kubeconfig": str(cluster.user(f"viewer-{namespace}", rules={namespace: [SEALED_SECRETS]}))})
    ended = live.run("status", "staging")
    names = f"{namespace}/{NAMES[0]}, {namespace}/{NAMES[1]} and {namespace}/{NAMES[2]}"
    assert (ended.code, ended.err) == (0, "")
    assert (
        ended.out
        == f"""\
staging: 3 sealed secrets, 3 synced, nothing wrong
  not seen: all Secrets of {namespace}: whether there are some that nothing manages
  not seen: the Secrets {names}: whether they are there, whose they are, which keys they have
  not seen: Pods of {namespace}: which workloads need a restart
  not seen: Roles of {namespace}: who may read the Secrets
  not seen: RoleBindings of {namespace}: who may read the Secrets
  not seen: ClusterRoles: who may read the Secrets of all namespaces
  not seen: ClusterRoleBindings: who may read the Secrets of all namespaces
"""
    )


def test_who_may_get_one_secret_by_name_sees_that_one(cluster: Cluster, namespace: str, live: Project) -> None:
    one = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["redis-secrets"], "verbs": ["get"]}
    user = cluster.user(f"one-{namespace}", rules={namespace: [SEALED_SECRETS, one]})
    live.change(cluster={"kubeconfig": str(user)})
    ended = status(live)
    assert (ended.code, {name: row["secret"] for name, row in rows(ended).items()}) == (
        0,
        {"backend-secrets": "not seen", "postgres-secrets": "not seen", "redis-secrets": "there"},
    )


def test_who_may_read_nothing_can_not_tell(cluster: Cluster, namespace: str, live: Project) -> None:
    live.change(cluster={"kubeconfig": str(cluster.user(f"nobody-{namespace}"))})
    ended = status(live)
    assert (ended.code, {row["synced"] for row in rows(ended).values()}) == (12, {"not seen"})
