"""Values that were never stored are read back from the Secrets that a real controller made, and from no others."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from tests.conformance.cluster.sealing import sealing_for
from tests.support.project import Project, aura, controller

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

REDIS = "templates/redis-secrets.yaml.j2"
SECRETS = ("backend-secrets", "postgres-secrets", "redis-secrets")
READS_SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
READS_SEALED_SECRETS = {"apiGroups": ["bitnami.com"], "resources": ["sealedsecrets"], "verbs": ["get"]}


@pytest.fixture
def project(cluster: Cluster, namespace: str, tmp_path: Path) -> Project:
    """Return Aura's project, sealed for the cluster, applied and opened, with a key more than that."""
    project = sealing_for(cluster, aura(tmp_path))
    project.change(backend=project.backend(), namespace=namespace, cluster={"kubeconfig": str(cluster.kubeconfig)})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    apply(cluster, project, namespace)
    project.write(REDIS, project.read(REDIS) + b"  url: 'redis://:{{ values.redis_password | urlquote }}@redis'\n")
    assert project.run("seal", "staging", "-q").code == 12
    return project


def apply(cluster: Cluster, project: Project, namespace: str) -> None:
    cluster.kubectl("apply", "-k", str(project.root / "k8s/overlays/staging"))
    cluster.wait_synced(namespace)


def live(cluster: Cluster, namespace: str) -> dict[str, bytes]:
    """Return what the cluster has, by ``SECRET/KEY``."""
    return {f"{name}/{key}": value for name in SECRETS for key, value in cluster.secret(namespace, name).items()}


def refused(project: Project) -> str:
    """Return why the value is not read back; nothing changes."""
    before = project.tree()
    ended = project.run("seal", "staging", "--from-cluster")
    assert (ended.code, ended.out, project.tree()) == (12, "", before)
    reason = ended.err.splitlines()[0].removeprefix(
        "error: staging: redis_password can't be read back from the cluster: "
    )
    assert reason != ended.err.splitlines()[0]
    return reason


def test_a_blocked_plan_goes_on_with_the_live_value(project: Project, cluster: Cluster, namespace: str) -> None:
    before, ciphertexts, version = live(cluster, namespace), project.ciphertexts(), project.lock()["redis_password"]
    assert project.run("seal", "staging", "--from-cluster").out == (
        "staging\n"
        "  SECRET         KEY  ACTION  REASON\n"
        "  redis-secrets  url  seal    new key: read back from the cluster: redis-secrets/redis-password\n"
        "staging: 3 secrets, 8 keys, 1 sealed, 7 kept\n"
    )
    assert project.ciphertexts().items() > ciphertexts.items()
    assert project.lock()["redis_password"] == version
    apply(cluster, project, namespace)
    after = live(cluster, namespace)
    url = after.pop("redis-secrets/url").decode()
    assert after == before
    password = before["redis-secrets/redis-password"].decode()
    for character, escaped in (("/", "%2F"), ("+", "%2B"), ("=", "%3D")):
        password = password.replace(character, escaped)
    assert url == f"redis://:{password}@redis"


def test_who_may_read_the_secrets_needs_no_other_right(project: Project, cluster: Cluster, namespace: str) -> None:
    user = cluster.user("reader", rules={namespace: [READS_SECRETS, READS_SEALED_SECRETS]})
    project.change(cluster={"kubeconfig": str(user)})
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")


def test_who_may_not_read_secrets_is_told(project: Project, cluster: Cluster, namespace: str) -> None:
    user = cluster.user("auditor", rules={namespace: [READS_SEALED_SECRETS]})
    project.change(cluster={"kubeconfig": str(user)})
    assert refused(project) == (
        f"the context 'auditor' may not GET /api/v1/namespaces/{namespace}/secrets/redis-secrets (403): "
        'secrets "redis-secrets" is forbidden: User "auditor" cannot get resource "secrets" in API group "" '
        f'in the namespace "{namespace}"'
    )


def test_a_cluster_that_is_behind_the_lock_is_not_believed(project: Project, cluster: Cluster, namespace: str) -> None:
    project.edit(REDIS, "  url: 'redis://:{{ values.redis_password | urlquote }}@redis'\n", "")
    assert project.run("seal", "staging", "-q", "--rotate", "redis_password") == (0, "", "")
    project.write(REDIS, project.read(REDIS) + b"  copy: '{{ values.redis_password }}'\n")
    assert refused(project) == (
        f"the SealedSecret {namespace}/redis-secrets has another ciphertext of redis-password than the lock"
    )
    apply(cluster, project, namespace)
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")
    apply(cluster, project, namespace)
    secret = cluster.secret(namespace, "redis-secrets")
    assert secret["copy"] == secret["redis-password"]


def test_a_secret_that_was_edited_by_hand_is_not_believed(project: Project, cluster: Cluster, namespace: str) -> None:
    patch = '{"stringData": {"redis-password": "something that somebody typed"}}'
    cluster.kubectl("patch", "secret", "redis-secrets", f"--namespace={namespace}", "--patch", patch)
    assert refused(project) == (
        f"redis-password of the Secret {namespace}/redis-secrets is not as the controller wrote it"
    )


def test_another_key_that_was_edited_by_hand_does_not_matter(
    project: Project, cluster: Cluster, namespace: str
) -> None:
    patch = '{"metadata": {"labels": {"a": "b"}}, "stringData": {"more": "that somebody typed"}}'
    cluster.kubectl("patch", "secret", "redis-secrets", f"--namespace={namespace}", "--patch", patch)
    assert project.run("seal", "staging", "-q", "--from-cluster") == (0, "", "")


def test_a_secret_that_nobody_sealed_is_not_believed(project: Project, cluster: Cluster, namespace: str) -> None:
    secret = cluster.get("secret", "redis-secrets", f"--namespace={namespace}")
    cluster.kubectl("delete", "sealedsecret", "redis-secrets", f"--namespace={namespace}")
    assert refused(project) == f"there is no SealedSecret {namespace}/redis-secrets in {cluster.server}"
    # Nor one that is put in the place of the controller's, which leaves it alone.
    cluster.kubectl("delete", "secret", "redis-secrets", f"--namespace={namespace}", "--ignore-not-found")
    metadata = {"name": "redis-secrets", "namespace": namespace}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": secret["data"]})
    cluster.kubectl("apply", "-k", str(project.root / "k8s/overlays/staging"))
    cluster.kubectl("wait", "--for=condition=Synced=false", "sealedsecret", "redis-secrets", f"--namespace={namespace}")
    assert refused(project) == f"the SealedSecret {namespace}/redis-secrets is not synced"


def test_a_manifest_that_the_controller_can_not_open_is_not_believed(
    project: Project, cluster: Cluster, namespace: str
) -> None:
    """The Secret is still there, as it was before the manifest came."""
    sealed = cluster.get("sealedsecret", "redis-secrets", f"--namespace={namespace}")
    sealed["spec"]["encryptedData"]["more"] = "AgBy3i4OJSWK"
    cluster.apply(sealed)
    wait = ("wait", "--for=condition=Synced=false", "sealedsecret", "redis-secrets", f"--namespace={namespace}")
    cluster.kubectl(*wait)
    assert refused(project) == f"the SealedSecret {namespace}/redis-secrets is not synced"


def test_an_environment_moves_to_another_cluster_with_its_values(
    project: Project, cluster: Cluster, namespace: str
) -> None:
    before = live(cluster, namespace)
    other = dataclasses.replace(project, controller=controller("two"))
    other.write("environments/certificates/two.pem", other.controller.certificate)
    other.change(backend=other.backend(certificate="environments/certificates/two.pem"))
    ended = other.run("seal", "staging", "--certificate-changed", "reseal", "--from-cluster")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "staging: 3 secrets, 8 keys, 8 sealed"
    moved = other.unsealed()
    del moved["redis-secrets/url"]
    assert moved == before
