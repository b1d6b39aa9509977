"""The hybrid encryption of a Sealed Secrets value: RSA-OAEP around a session key, AES-256-GCM around the value.

Layout: the length of the RSA ciphertext in two bytes, big endian; the RSA ciphertext of a random 32-byte session
key; the value encrypted with that key, its 16-byte tag last. Nothing in the format names the key that was used.
The label binds the value to a place: ``namespace/name``, ``namespace``, or nothing, by the secret's scope.
Source: Sealed Secrets 0.36.6, ``pkg/crypto``; RFC 8017, section 7.1 (OAEP); NIST SP 800-38D (GCM).
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from sealgen.crypto.ciphertext import RSA_LENGTH, TAG_BYTES, CiphertextError, shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

__all__ = ["CiphertextError", "seal", "sealed_bytes", "shape", "unseal"]
SESSION_KEY_BYTES: Final = 32
NONCE: Final = bytes(12)  # a session key encrypts once, so its nonce may be fixed


def seal(plaintext: bytes, public_key: RSAPublicKey, label: bytes) -> bytes:
    """Encrypt a value; each call gives another ciphertext."""
    session_key = os.urandom(SESSION_KEY_BYTES)
    wrapped_key = public_key.encrypt(session_key, _oaep(label))
    sealed = AESGCM(session_key).encrypt(NONCE, plaintext, None)
    return RSA_LENGTH.pack(len(wrapped_key)) + wrapped_key + sealed


def sealed_bytes(plaintext: bytes, public_key: RSAPublicKey) -> int:
    """Return how many bytes the ciphertext of a value has."""
    return RSA_LENGTH.size + (public_key.key_size + 7) // 8 + len(plaintext) + TAG_BYTES


def unseal(ciphertext: bytes, private_keys: Iterable[RSAPrivateKey], label: bytes) -> bytes:
    """Decrypt a value with the first key that opens it.

    Raises CiphertextError where none does, and where ``shape`` would.
    """
    body = RSA_LENGTH.size + shape(ciphertext).rsa_bytes
    wrapped_key, sealed = ciphertext[RSA_LENGTH.size : body], ciphertext[body:]
    for private_key in private_keys:
        try:
            session_key = private_key.decrypt(wrapped_key, _oaep(label))
            return AESGCM(session_key).decrypt(NONCE, sealed, None)
        except (ValueError, InvalidTag):
            continue
    raise CiphertextError(
        f"no private key opens the ciphertext with the label {label.decode('utf-8', 'replace')!r}: it was sealed "
        "with another certificate or for another scope, namespace or name, or it was altered"
    )


@lru_cache(64)  # a Secret has one label for all its values
def _oaep(label: bytes) -> padding.OAEP:
    return padding.OAEP(padding.MGF1(SHA256()), SHA256(), label)
