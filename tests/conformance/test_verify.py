"""``sealgen verify`` against a real controller: it names the right cause for whatever was done to a manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sealgen.crypto import certificate
from tests.support.project import Controller, Project, aura, controller

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conformance.cluster.cluster import Cluster

OVERLAY = "k8s/overlays/staging"
REDIS = f"{OVERLAY}/redis-secrets.yaml"
BACKEND = f"{OVERLAY}/backend-secrets.yaml"
ALL = "staging: 3 SealedSecrets, 7 keys, the controller can open all\n"


def sealed_for(cluster: Cluster, project: Project) -> Project:
    """Return the project, sealed for the cluster's controller, which its environment names."""
    pem = cluster.certificate()
    fingerprint = certificate.load(pem, "controller.pem").fingerprint
    project = replace(project, controller=Controller(cluster.newest_key(), pem, fingerprint))
    project.write("environments/certificates/controller.pem", pem)
    project.change(backend=project.backend(), cluster={"kubeconfig": str(cluster.kubeconfig)})
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


@pytest.fixture
def project(cluster: Cluster, tmp_path: Path) -> Project:
    return sealed_for(cluster, aura(tmp_path))


def causes(project: Project) -> list[tuple[str, list[str]]]:
    """Return the cause and the keys of each finding."""
    ended = project.run("verify", "staging", "--json")
    assert ended.code == 11, ended
    return [(finding["cause"], finding["keys"]) for finding in ended.document["results"][0]["findings"]]


def test_what_was_sealed_opens_though_nothing_is_applied(project: Project) -> None:
    assert project.run("verify", "staging") == (0, ALL, "")


def test_whoever_may_only_use_the_proxy_can_ask(project: Project, cluster: Cluster) -> None:
    project.change(cluster={"kubeconfig": str(cluster.user("verifier", groups=["proxy-users"]))})
    assert project.run("verify", "staging") == (0, ALL, "")


@pytest.mark.parametrize("port", ["sealed-secrets-controller", "sealed-secrets"])
def test_either_service_is_found(port: str, project: Project, cluster: Cluster) -> None:
    project.change(cluster={"kubeconfig": str(cluster.kubeconfig), "controller": port})
    assert project.run("verify", "staging") == (0, ALL, "")


def renamed(text: str) -> str:
    return text.replace("\n  name: redis-secrets", "\n  name: cache")


def moved(text: str) -> str:
    return text.replace("aura-staging", "aura-production")


def given_a_scope(text: str) -> str:
    return text.replace(
        "\n  name: redis-secrets",
        "\n  annotations:\n    sealedsecrets.bitnami.com/cluster-wide: 'true'\n  name: redis-secrets",
    )


def tampered(text: str) -> str:
    place = text.index("redis-password: ") + 400
    return text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]


def cut(text: str) -> str:
    place = text.index("redis-password: ") + 400
    return text[: place - place % 4] + text[text.index("\n", place) :]


def rendering(text: str) -> str:
    return text.replace("  template:\n", "  template:\n    data:\n      CONF: '{{ .nothing'\n")


@pytest.mark.parametrize(
    ("damage", "cause", "keys"),
    [
        (renamed, "renamed", ["redis-password"]),
        (moved, "moved", ["redis-password"]),
        (given_a_scope, "scope-changed", ["redis-password"]),
        (tampered, "altered", ["redis-password"]),
        (cut, "altered", ["redis-password"]),
        (rendering, "template", []),
    ],
)
def test_what_was_done_to_a_manifest(
    damage: Callable[[str], str], cause: str, keys: list[str], project: Project
) -> None:
    before = project.read(REDIS).decode()
    after = damage(before)
    assert after != before
    project.write(REDIS, after)
    assert causes(project) == [(cause, keys)]


def test_one_key_of_several(project: Project) -> None:
    text = project.ciphertexts()["backend-secrets/REDIS_URL"]
    project.edit(BACKEND, text, text[:-20] + ("A" if text[-20] != "A" else "B") + text[-19:])
    assert causes(project) == [("altered", ["REDIS_URL"])]


def test_a_ciphertext_of_another_secret(project: Project) -> None:
    texts = project.ciphertexts()
    project.edit(BACKEND, texts["backend-secrets/REDIS_URL"], texts["redis-secrets/redis-password"])
    assert causes(project) == [("copied", ["REDIS_URL"])]


def test_another_cluster_s_controller(project: Project, cluster: Cluster) -> None:
    other = controller()
    project.write("environments/certificates/controller.pem", other.certificate)
    project.change(backend=project.backend(fingerprint=other.fingerprint))
    project.run("seal", "staging", "-q", "--rotate", "redis_password")
    assert causes(project) == [("other-certificate", ["REDIS_URL"]), ("other-certificate", ["redis-password"])]


def test_manifests_of_others(project: Project, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> None:
    friend = sealed_for(cluster, aura(tmp_path_factory.mktemp("friend")))
    stranger = aura(tmp_path_factory.mktemp("stranger"))
    stranger.run("seal", "staging", "-q")
    project.write(f"{OVERLAY}/friend.yaml", friend.read(REDIS))
    assert project.run("verify", "staging").code == 0
    project.write(f"{OVERLAY}/friend.yaml", renamed(friend.read(REDIS).decode()))
    project.write(f"{OVERLAY}/stranger.yaml", stranger.read(REDIS))
    # The controller's key has 4096 bits, that of the stranger's has 2048.
    assert causes(project) == [("renamed", ["redis-password"]), ("other-certificate", ["redis-password"])]


def test_a_ciphertext_that_is_no_text_is_dropped_by_the_controller_and_found(project: Project) -> None:
    project.edit(REDIS, "    redis-password: ", "    redis-password: 5 #")
    assert causes(project) == [("malformed", [])]


def test_a_ciphertext_with_ends_of_lines_opens_as_the_controller_takes_it(project: Project) -> None:
    text = project.ciphertexts()["redis-secrets/redis-password"]
    lines = "\n".join(f"      {text[place : place + 76]}" for place in range(0, len(text), 76))
    project.edit(REDIS, text, f"|\n{lines}")
    assert project.run("verify", "staging") == (0, ALL, "")
