"""Sealing keys for the tests of the cryptography: made once, written nowhere."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    """Return the private key that tests seal for."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def other_key() -> rsa.RSAPrivateKey:
    """Return the private key of another cluster."""
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)
