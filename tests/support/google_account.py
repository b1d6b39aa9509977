"""A service account's key, with which Google's library signs in at a server of a test."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.server_certificate import private_pem

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = "ci@aura.iam.gserviceaccount.com"
TOKEN = "of-a-test"
"""What an emulator's server signs in for."""


@cache
def _private_key() -> str:
    return private_pem(rsa.generate_private_key(65537, 2048)).decode()


def account_key(file: Path, server: str) -> str:
    """Write the key into ``file``, to be signed in with at ``server``'s ``/token``; return the file's path."""
    content = {
        "type": "service_account",
        "project_id": "aura-of-the-key",
        "private_key_id": "1",
        "private_key": _private_key(),
        "client_email": EMAIL,
        "token_uri": f"{server}/token",
    }
    file.write_text(json.dumps(content))
    return str(file)
