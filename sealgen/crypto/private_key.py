"""The private keys of a sealed-secrets controller, from PEM: what its certificates seal for, they open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sealgen.crypto.certificate import MAX_BITS, MIN_BITS
from sealgen.crypto.fingerprint import rsa_fingerprint
from sealgen.errors import ConfigurationError

# PEM, RFC 7468; with the headers of RFC 1421 where a passphrase protects a PKCS #1 key.
_BLOCK: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,64})-----(.*?)(?:-----END \1-----|(?=-----BEGIN )|\Z)", re.DOTALL)


@dataclass(frozen=True)
class PrivateKey:
    """A key that opens ciphertexts."""

    key: RSAPrivateKey = field(repr=False)
    fingerprint: str
    """Of its public key, as that of the certificate."""
    file: str
    """Where it was read from, for messages."""


def load(pem: bytes, file: str) -> list[PrivateKey]:
    """Read all private keys of a PEM text (PKCS #1 or PKCS #8), at least one; certificates between them are skipped.

    ``file`` is a path for messages, which never hold a part of ``pem``. Raises ConfigurationError for a key with a
    passphrase, one that is not RSA of 2048 to 16384 bits, one that is damaged, and where there is none.
    """
    blocks = list(_BLOCK.finditer(pem))
    if not blocks:
        raise ConfigurationError(
            f"{file} is not PEM; a private key begins with -----BEGIN PRIVATE KEY----- or "
            "-----BEGIN RSA PRIVATE KEY-----"
        )
    keys = [_key(block, file) for block in blocks if block[1].endswith(b"PRIVATE KEY")]
    if not keys:
        raise ConfigurationError(
            f"{file} holds no private key but a {blocks[0][1].decode('ascii')}",
            hint="A certificate seals; what opens is tls.key of the controller's key Secret.",
        )
    return keys


def _key(block: re.Match[bytes], file: str) -> PrivateKey:
    label = block[1].decode("ascii")
    if not block[0].endswith(f"-----END {label}-----".encode()):
        raise ConfigurationError(f"{file} is cut off; -----END {label}----- is missing")
    if label == "ENCRYPTED PRIVATE KEY" or b"ENCRYPTED" in block[2]:
        raise ConfigurationError(
            f"{file} has a private key with a passphrase", hint="'openssl rsa -in FILE' prints it without."
        )
    try:
        key = load_pem_private_key(block[0], None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None  # outside of the handler, so that no error holds what was read
    if key is None:
        raise ConfigurationError(f"{file} has a private key that can't be read; it is damaged, or of no known kind")
    if not isinstance(key, RSAPrivateKey):
        kind = type(key).__name__.lstrip("_").removesuffix("PrivateKey")
        raise ConfigurationError(f"{file} has a private key of type {kind}; Sealed Secrets needs RSA")
    if not MIN_BITS <= key.key_size <= MAX_BITS:
        raise ConfigurationError(
            f"{file} has an RSA key of {key.key_size} bits; Sealed Secrets takes {MIN_BITS} to {MAX_BITS}"
        )
    numbers = key.public_key().public_numbers()
    return PrivateKey(key, rsa_fingerprint(numbers.e, numbers.n), file)
