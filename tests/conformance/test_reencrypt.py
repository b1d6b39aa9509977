"""``sealgen reencrypt`` against a real controller: new-key ciphertexts only, and the same values when applied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sealgen.crypto import certificate
from tests.conformance.test_verify import sealed_for
from tests.support.project import Controller, Project, aura, difference

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

OVERLAY = "k8s/overlays/staging"
REDIS = f"{OVERLAY}/redis-secrets.yaml"


def renewed(cluster: Cluster, project: Project) -> Project:
    """Let the controller make a new key, and take its certificate."""
    pem = cluster.new_sealing_key()
    assert project.run("cert", "fetch", "staging", "--accept", "-q").code == 0
    found = certificate.load(pem, "controller.pem")
    assert project.read("environments/certificates/controller.pem") == found.pem
    return replace(project, controller=Controller(cluster.newest_key(), pem, found.fingerprint))


def test_after_a_new_key_everything_is_under_it_and_the_values_are_the_same(cluster: Cluster, tmp_path: Path) -> None:
    project = aura(tmp_path)
    namespace = cluster.namespace()
    project.change(namespace=namespace)
    header = "metadata:\n  labels:\n    app: redis\n  annotations:\n    note: kept\ntype: Opaque\nimmutable: false"
    project.template("redis-secrets", {"redis-password": "{{ values.redis_password }}"}, header)
    project = sealed_for(cluster, project)
    cluster.kubectl("apply", "-k", str(project.root / OVERLAY))
    cluster.wait_synced(namespace)
    names = ("backend-secrets", "postgres-secrets", "redis-secrets")
    values = {name: cluster.secret(namespace, name) for name in names}
    project.edit(REDIS, "spec:\n", "spec: # by hand\n")

    before = project.contents()
    project = renewed(cluster, project)
    before |= {
        path: project.read(path) for path in ("environments/staging.yaml", "environments/certificates/controller.pem")
    }
    assert project.run("verify", "staging").code == 0
    assert project.run("reencrypt", "staging", "--dry-run").code == 10
    ended = project.run("reencrypt", "staging")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("staging: 3 secrets, 7 keys sealed again with ")

    # Only the newest key opens them, by which nothing else is changed.
    assert len(project.unsealed()) == 7
    for path, (_, came) in difference(before, project.contents()).items():
        assert path == "environments/staging.lock" or all(line.startswith("    ") for line in came), path
    assert "spec: # by hand\n" in project.read(REDIS).decode()
    assert project.run("verify", "staging").code == 0
    assert project.run("reencrypt", "staging") == (0, "staging: 7 keys under the newest key already\n", "")

    cluster.kubectl("delete", "namespace", namespace)
    cluster.namespace(namespace)
    cluster.kubectl("apply", "-k", str(project.root / OVERLAY))
    cluster.wait_synced(namespace)
    assert {name: cluster.secret(namespace, name) for name in names} == values
    secret = cluster.get("secret", "redis-secrets", "-n", namespace)
    assert (secret["type"], secret["immutable"], secret["metadata"]["labels"]) == ("Opaque", False, {"app": "redis"})
    assert secret["metadata"]["annotations"] == {"note": "kept"}


@pytest.mark.parametrize("scope", ["namespace-wide", "cluster-wide"])
def test_the_scope_stays(scope: str, cluster: Cluster, tmp_path: Path) -> None:
    project = aura(tmp_path)
    secrets = [{"name": name, "scope": scope} for name in ("backend-secrets", "postgres-secrets", "redis-secrets")]
    project.change(secrets=secrets)
    project = renewed(cluster, sealed_for(cluster, project))
    assert project.run("reencrypt", "staging").code == 0
    assert len(project.unsealed()) == 7
    assert project.run("plan", "staging").code == 0


def test_what_the_controller_can_t_open_stays_and_is_told(cluster: Cluster, tmp_path: Path) -> None:
    project = sealed_for(cluster, aura(tmp_path))
    project = renewed(cluster, project)
    project.edit(REDIS, "\n  name: redis-secrets", "\n  name: cache")
    before = project.read(REDIS)
    ended = project.run("reencrypt", "staging")
    assert (ended.code, ended.out.splitlines()[0]) == (
        11,
        (
            f"error: {REDIS}:2: aura-staging/cache (redis-password): renamed: by environments/staging.lock it was "
            "sealed for the name redis-secrets, and so the controller opens it [renamed]"
        ),
    )
    assert project.read(REDIS) == before


def test_without_the_new_certificate_nothing_is_sealed_again(cluster: Cluster, tmp_path: Path) -> None:
    project = sealed_for(cluster, aura(tmp_path))
    pin = project.controller.fingerprint
    found = certificate.load(cluster.new_sealing_key(), "controller.pem").fingerprint
    tree = project.tree()
    ended = project.run("reencrypt", "staging")
    assert (ended.code, ended.out) == (2, "")
    assert f" seals with {found}, but staging pins {pin}\n" in ended.err
    assert ended.err.endswith("take its certificate first: sealgen cert fetch staging\n")
    assert project.tree() == tree
