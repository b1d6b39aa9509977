"""The sealed-secrets backend: plaintexts become ciphertexts that only the controller opens."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealgen.backends.resolution import Plaintext
    from sealgen.crypto.certificate import Certificate
    from sealgen.crypto.crew import Crew


def seal(plaintexts: Sequence[Plaintext], certificate: Certificate, crew: Crew) -> Iterator[str]:
    """Yield the ciphertexts, in base64, in the order of ``plaintexts``; sealing begins with the call."""
    sealed = crew.seal(
        [(plaintext.value.reveal(), plaintext.secret.label) for plaintext in plaintexts], certificate.public_key
    )
    return (base64.b64encode(ciphertext).decode() for ciphertext in sealed)
