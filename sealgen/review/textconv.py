"""A sealed manifest as ``git diff`` shows it: a short line in the place of each ciphertext. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from sealgen.crypto.ciphertext import MIN_RSA_BYTES, TAG_BYTES, CiphertextError, ciphertext_digest, shape

if TYPE_CHECKING:
    from collections.abc import Callable

# In base64, the shortest ciphertext there is: whatever the layout, JSON too, nothing else is as long.
_CIPHERTEXT = re.compile(rb"[A-Za-z0-9+/]{%d,}={0,2}" % ((2 + MIN_RSA_BYTES + TAG_BYTES) * 4 // 3))
_SHOWN = 12  # characters of a digest


def readable(manifest: bytes, certificate_of: Callable[[str], str | None]) -> bytes:
    """Return the manifest with what can be seen of each ciphertext in its place; the rest stays byte for byte.

    ``certificate_of`` gives the fingerprint of the certificate that a ciphertext was sealed with, by the SHA-256, in
    hex, of its base64 text, or None. The lengths are those of its two parts, RSA and AES, as anybody can see.
    """

    def described(match: re.Match[bytes]) -> bytes:
        text = match[0]
        try:
            seen = shape(base64.b64decode(text, validate=True))
        except (binascii.Error, CiphertextError):
            return text
        digest = ciphertext_digest(text.decode())
        fingerprint = certificate_of(digest)
        by = f"certificate {fingerprint[: len('SHA256:') + _SHOWN]}…  " if fingerprint else ""
        lengths = f"{seen.rsa_bytes}+{seen.plaintext_bytes + TAG_BYTES} bytes"
        return f"sealed  {lengths}  {by}digest {digest[:_SHOWN]}…".encode()

    return _CIPHERTEXT.sub(described, manifest)
