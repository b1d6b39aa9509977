"""The sealed-secrets backend: plaintexts become ciphertexts that only the controller opens."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from sealgen.crypto import hybrid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.backends.resolution import Plaintext
    from sealgen.crypto.certificate import Certificate


def seal(plaintexts: Sequence[Plaintext], certificate: Certificate) -> dict[tuple[str, str], str]:
    """Return each key's ciphertext, in base64, by Secret and key."""
    sealed = hybrid.seal_all(
        [
            (
                plaintext.value.reveal(),
                plaintext.secret.scope.label(plaintext.secret.namespace, plaintext.secret.name),
            )
            for plaintext in plaintexts
        ],
        certificate.public_key,
    )
    return {
        (plaintext.secret.name, plaintext.key): base64.b64encode(ciphertext).decode()
        for plaintext, ciphertext in zip(plaintexts, sealed, strict=True)
    }
