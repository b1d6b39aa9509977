"""What anybody can see of a ciphertext of Sealed Secrets: its parts and their lengths. It takes no key."""

from __future__ import annotations

import hashlib
import struct
from typing import Final, NamedTuple

from sealgen.errors import SealgenError

RSA_LENGTH: Final = struct.Struct(">H")
TAG_BYTES: Final = 16
MIN_RSA_BYTES: Final = 256


class CiphertextError(SealgenError):
    """A ciphertext that is not one, or that none of the keys opens with this label."""


class Shape(NamedTuple):
    """The lengths that a ciphertext tells, in bytes."""

    rsa_bytes: int
    """Length of the RSA ciphertext, which is that of the key's modulus."""
    plaintext_bytes: int


def shape(ciphertext: bytes) -> Shape:
    """Read the lengths that a ciphertext tells without any key.

    Raises CiphertextError where it is no ciphertext of a key of at least 2048 bits.
    """
    length = len(ciphertext)
    if length < RSA_LENGTH.size:
        raise CiphertextError(f"not a ciphertext: {length} bytes are too few to begin with a length")
    (rsa_bytes,) = RSA_LENGTH.unpack_from(ciphertext)
    if rsa_bytes < MIN_RSA_BYTES:
        raise CiphertextError(
            f"not a ciphertext: it begins with the RSA length {rsa_bytes}, which is at least {MIN_RSA_BYTES}"
        )
    plaintext_bytes = length - RSA_LENGTH.size - rsa_bytes - TAG_BYTES
    if plaintext_bytes < 0:
        raise CiphertextError(
            f"not a ciphertext, or cut off: {length} bytes, where the RSA length {rsa_bytes} needs at least "
            f"{length - plaintext_bytes}"
        )
    return Shape(rsa_bytes, plaintext_bytes)


def ciphertext_digest(text: str) -> str:
    """Return the SHA-256, in hex, of a ciphertext's base64 text: what a lock knows it by."""
    return hashlib.sha256(text.encode()).hexdigest()
