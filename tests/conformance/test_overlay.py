"""What the command line writes is opened by the real kubeseal and built by the real kustomize."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.project import SMTP_PASSWORD, Project, aura

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OVERLAY = "k8s/overlays/staging"
BINARY = bytes(range(256)) * 3
TEXT = '": x\n  evil: "{{ 7*7 }} 🔑\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project with a secret of another scope and another namespace beside, sealed."""
    project = aura(tmp_path / "project")
    values = yaml.safe_load(project.read("environments/staging.yaml"))["values"]
    values |= {"binary": {"file": "binary"}, "text": {"file": "text"}, "none": {"literal": ""}}
    project.write("binary", BINARY)
    project.write("text", TEXT)
    project.template(
        "odd",
        {"binary": "{{ values.binary }}", "text": "{{ values.text }}", "none": "{{ values.none }}"},
        "metadata:\n  annotations:\n    team: '42'\ntype: example.com/odd\nimmutable: true",
    )
    project.change(
        values=values,
        secrets=[
            "backend-secrets",
            "postgres-secrets",
            {"name": "redis-secrets", "scope": "cluster-wide"},
            {"name": "odd", "scope": "namespace-wide", "namespace": "elsewhere", "filename": "other-name.yaml"},
        ],
    )
    assert project.run("seal", "staging").code == 0
    return project


@pytest.fixture
def unseal(project: Project, kubeseal: str, tmp_path: Path) -> Callable[[], dict[str, Any]]:
    """Return what gives the Secrets that kubeseal makes of the overlay with the controller's private key, by name."""
    key = tmp_path / "controller.key"
    key.touch(mode=0o600)
    key.write_bytes(
        project.controller.private_key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )

    def run() -> dict[str, Any]:
        secrets = {}
        for name in yaml.safe_load(project.read(f"{OVERLAY}/kustomization.yaml"))["resources"]:
            done = subprocess.run(
                [kubeseal, "--recovery-unseal", "--recovery-private-key", key],
                input=project.read(f"{OVERLAY}/{name}"),
                capture_output=True,
                env={"KUBECONFIG": os.devnull},
                check=False,
            )
            assert done.returncode == 0, done.stderr
            secret = json.loads(done.stdout)
            secrets[secret["metadata"]["name"]] = secret
        return secrets

    return run


def values(secrets: dict[str, Any]) -> dict[str, bytes]:
    """Return the bytes of Secrets by ``SECRET/KEY``."""
    return {
        f"{name}/{key}": base64.b64decode(text or "", validate=True)
        for name, secret in secrets.items()
        for key, text in secret["data"].items()
    }


def test_kubeseal_opens_every_key_byte_for_byte(project: Project, unseal: Callable[[], dict[str, Any]]) -> None:
    found = values(unseal())
    assert found == project.unsealed()
    assert found["odd/binary"] == BINARY
    assert found["odd/text"] == TEXT.encode()
    assert found["odd/none"] == b""
    assert found["backend-secrets/SMTP_PASSWORD"] == SMTP_PASSWORD.encode()
    assert len(found) == 10


def test_kubeseal_opens_what_a_rotation_left(project: Project, unseal: Callable[[], dict[str, Any]]) -> None:
    # Some ciphertexts of a file are new, some old.
    before = values(unseal())
    assert project.run("seal", "staging", "-q", "--rotate", "jwt_secret_key") == (0, "", "")
    after = values(unseal())
    assert [key for key in before if before[key] != after[key]] == ["backend-secrets/JWT_SECRET_KEY"]
    assert after == project.unsealed()


def test_the_secrets_have_the_metadata_of_the_templates(unseal: Callable[[], dict[str, Any]]) -> None:
    secrets = unseal()
    odd, backend = secrets["odd"], secrets["backend-secrets"]
    assert (odd["type"], odd["immutable"]) == ("example.com/odd", True)
    assert odd["metadata"]["namespace"] == "elsewhere"
    assert odd["metadata"]["annotations"]["team"] == "42"
    assert backend["metadata"]["namespace"] == "aura-staging"
    assert backend["metadata"]["labels"] == {"app": "backend"}
    assert "immutable" not in backend


def test_kustomize_builds_the_overlay(project: Project, kustomize: str) -> None:
    done = subprocess.run([kustomize, "build", project.root / OVERLAY], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    built = {document["metadata"]["name"]: document for document in yaml.safe_load_all(done.stdout)}
    written = {
        document["metadata"]["name"]: document
        for path in (project.root / OVERLAY).glob("*.yaml")
        if (document := yaml.safe_load(path.read_bytes()))["kind"] == "SealedSecret"
    }
    assert len(built) == 4
    assert built == written
