"""A token of the JWT key before is good for one rotation more, by what the real kubeseal makes of the kept key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
from typing import TYPE_CHECKING

import yaml
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.project import Project, aura

if TYPE_CHECKING:
    from pathlib import Path

PREVIOUS = "JWT_SECRET_KEY_PREVIOUS"


def opened(kubeseal: str, project: Project, private_key: Path) -> dict[str, bytes]:
    """Return what the real kubeseal recovers of the backend's Secret."""
    done = subprocess.run(
        [kubeseal, "--recovery-unseal", "--recovery-private-key", str(private_key), "-o", "json"],
        input=project.read(project.manifest("backend-secrets")),
        capture_output=True,
        env={"KUBECONFIG": os.devnull},
        check=True,
    )
    return {key: base64.b64decode(text) for key, text in json.loads(done.stdout)["data"].items()}


def encoded(content: bytes) -> bytes:
    """Return base64url without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def token(key: bytes) -> bytes:
    """Return a token that this key has signed (RFC 7519, HS256)."""
    signed = encoded(b'{"alg":"HS256","typ":"JWT"}') + b"." + encoded(b'{"sub":"aura"}')
    return signed + b"." + encoded(hmac.digest(key, signed, hashlib.sha256))


def is_of(key: bytes, given: bytes) -> bool:
    """Tell whether this key has signed the token."""
    return hmac.compare_digest(token(key), given)


def test_a_token_of_the_key_before_is_good_until_the_next_rotation(kubeseal: str, tmp_path: Path) -> None:
    project = aura(tmp_path / "project")
    values = yaml.safe_load(project.read("environments/staging.yaml"))["values"]
    values["jwt_secret_key"]["keep_previous"] = PREVIOUS
    project.change(values=values)
    private_key = tmp_path / "tls.key"
    private_key.write_bytes(
        project.controller.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    assert project.run("seal", "staging", "-q") == (0, "", "")
    first = opened(kubeseal, project, private_key)
    assert PREVIOUS not in first
    issued = token(first["JWT_SECRET_KEY"])

    assert project.run("rotate", "staging", "jwt_secret_key", "-q") == (0, "", "")
    second = opened(kubeseal, project, private_key)
    assert not is_of(second["JWT_SECRET_KEY"], issued)
    assert is_of(second[PREVIOUS], issued)
    others = first.keys() - {"JWT_SECRET_KEY"}
    assert {key: second[key] for key in others} == {key: first[key] for key in others}

    assert project.run("rotate", "staging", "jwt_secret_key", "-q") == (0, "", "")
    third = opened(kubeseal, project, private_key)
    assert third[PREVIOUS] == second["JWT_SECRET_KEY"]
    assert not any(is_of(third[key], issued) for key in ("JWT_SECRET_KEY", PREVIOUS))
