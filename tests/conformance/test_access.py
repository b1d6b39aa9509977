"""The Roles of ``access:`` in a real cluster: who is named may read those Secrets and no other; ``status`` tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.cluster.cluster import KubectlError
from tests.conformance.cluster.sealing import sealing_for
from tests.support.project import Project, aura

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

OVERLAY = "k8s/overlays/staging"


@pytest.fixture
def project(cluster: Cluster, namespace: str, tmp_path: Path) -> Project:
    """Return Aura's project with two Roles, applied and synced."""
    project = sealing_for(cluster, aura(tmp_path))
    subjects = [{"service_account": "backend"}, {"user": "jane: yes"}]
    access = {
        "secret-reader": {"secrets": ["backend-secrets"], "subjects": subjects},
        "lister": {"secrets": ["redis-secrets"], "verbs": ["get", "list", "watch"], "subjects": [{"group": "oncall"}]},
    }
    settings = {"kubeconfig": str(cluster.kubeconfig)}
    project.change(backend=project.backend(), namespace=namespace, cluster=settings, access=access)
    assert project.run("seal", "staging", "-q") == (0, "", "")
    cluster.kubectl("apply", "-k", str(project.root / OVERLAY))
    assert project.run("status", "staging", "--watch", "--timeout", "1m", "-q") == (0, "", "")
    return project


def may(cluster: Cluster, namespace: str, who: list[str], *arguments: str) -> bool:
    """Tell whether somebody can have what ``kubectl get`` is asked for."""
    try:
        cluster.kubectl("get", *arguments, f"--namespace={namespace}", *who)
    except KubectlError as error:
        if "Forbidden" not in str(error):
            raise
        return False
    return True


@pytest.mark.usefixtures("project")
def test_who_is_named_may_read_that_secret_and_no_other(cluster: Cluster, namespace: str) -> None:
    account = [f"--as=system:serviceaccount:{namespace}:backend"]
    for who in (account, ["--as=jane: yes"]):
        assert may(cluster, namespace, who, "secret", "backend-secrets")
        assert not may(cluster, namespace, who, "secret", "redis-secrets")
        assert not may(cluster, namespace, who, "secrets")
    assert not may(cluster, namespace, ["--as=system:serviceaccount:default:backend"], "secret", "backend-secrets")
    assert not may(cluster, namespace, ["--as=oncall"], "secret", "redis-secrets")


@pytest.mark.usefixtures("project")
def test_a_list_is_allowed_of_the_secret_by_its_name(cluster: Cluster, namespace: str) -> None:
    who = ["--as=somebody", "--as-group=oncall"]
    assert may(cluster, namespace, who, "secrets", "--field-selector=metadata.name=redis-secrets")
    assert not may(cluster, namespace, who, "secrets", "--field-selector=metadata.name=backend-secrets")
    assert not may(cluster, namespace, who, "secrets")


def readers(project: Project, *, by_access: bool) -> set[tuple[str, Any]]:
    (result,) = project.run("status", "staging", "--json").document["results"]
    return {
        (reader["name"], tuple(reader["secrets"] or ()))
        for reader in result["readers"]
        if reader["by_access"] is by_access
    }


def test_status_tells_what_access_grants_apart_from_all_else(
    cluster: Cluster, namespace: str, project: Project
) -> None:
    granted = {
        ("backend", ("backend-secrets",)),
        ("jane: yes", ("backend-secrets",)),
        ("oncall", ("redis-secrets",)),
    }
    assert readers(project, by_access=True) == granted
    others = readers(project, by_access=False)
    assert ("system:masters", ()) in others
    assert ("sealed-secrets-controller", ()) in others
    everything = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    cluster.user(f"auditor-{namespace}", rules={namespace: [everything]})
    assert readers(project, by_access=False) - others == {(f"auditor-{namespace}", ())}


def test_a_role_that_somebody_widened_is_found(cluster: Cluster, namespace: str, project: Project) -> None:
    patch = '[{"op": "add", "path": "/rules/0/resourceNames/-", "value": "redis-secrets"}]'
    cluster.kubectl("patch", "role", "secret-reader", f"--namespace={namespace}", "--type=json", "--patch", patch)
    ended = project.run("status", "staging", "-q")
    assert (ended.code, ended.err) == (11, "")
    differs = f"{namespace}/secret-reader of access: is not as the overlay has it: the Role says something else"
    assert ended.out == f"error: {differs} [access-differs]\n"
    assert ("backend", ("backend-secrets", "redis-secrets")) in readers(project, by_access=False)
    cluster.kubectl("apply", "-k", str(project.root / OVERLAY))
    assert project.run("status", "staging", "-q") == (0, "", "")
