"""Fingerprints of RSA public keys, as ``ssh-keygen -lf`` and the sealed-secrets controller write them."""

from __future__ import annotations

import base64
import hashlib
from typing import Final

# 32 bytes are 43 characters of base64, of which the last holds four bits.
PATTERN: Final = "^SHA256:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]$"
"""What every fingerprint matches, and no other text, for ``re.fullmatch`` and for JSON Schema."""


def rsa_fingerprint(exponent: int, modulus: int) -> str:
    """Return ``SHA256:`` and the unpadded base64 of the SHA-256 of the public key in SSH's wire format.

    Source: RFC 4253, section 6.6 (``ssh-rsa``); RFC 4251, section 5 (``string`` and ``mpint``).
    """
    wire = b"".join(map(_string, (b"ssh-rsa", _mpint(exponent), _mpint(modulus))))
    return "SHA256:" + base64.b64encode(hashlib.sha256(wire).digest()).decode("ascii").rstrip("=")


def _string(content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + content


def _mpint(positive: int) -> bytes:
    # Two's complement: a leading zero byte where the highest bit is set.
    return positive.to_bytes(positive.bit_length() // 8 + 1, "big")
