"""What Git shows in the place of a ciphertext: short, stable, and nothing that anybody could not see."""

from __future__ import annotations

import base64
import hashlib

from hypothesis import given
from hypothesis import strategies as st

from sealgen.review.textconv import readable

FINGERPRINT = "SHA256:o8VHnqBpoKvASyDmnIWPIqrxogyNAMY9EOCWRsGihFE"


def nobody(_: str) -> None:
    """Know no certificate."""


def ciphertext(rsa_bytes: int, plaintext_bytes: int) -> str:
    return base64.b64encode(rsa_bytes.to_bytes(2, "big") + bytes(rsa_bytes + plaintext_bytes + 16)).decode()


def test_a_ciphertext_is_shown_by_its_lengths_its_certificate_and_its_digest() -> None:
    text = ciphertext(512, 64)
    digest = hashlib.sha256(text.encode()).hexdigest()
    manifest = f"spec:\n  encryptedData:\n    KEY: {text}\n  template: {{}}\n".encode()
    told = f"sealed  512+80 bytes  certificate SHA256:o8VHnqBpoKvA…  digest {digest[:12]}…"
    assert readable(manifest, lambda found: FINGERPRINT if found == digest else None).decode() == (
        f"spec:\n  encryptedData:\n    KEY: {told}\n  template: {{}}\n"
    )
    told = f"sealed  512+80 bytes  digest {digest[:12]}…"
    assert readable(f'{{"KEY": "{text}"}}'.encode(), nobody).decode() == f'{{"KEY": "{told}"}}'


@given(st.integers(256, 600), st.integers(0, 300))
def test_every_ciphertext_of_a_key_of_2048_bits_or_more_is_found(rsa_bytes: int, plaintext_bytes: int) -> None:
    text = ciphertext(rsa_bytes, plaintext_bytes)
    assert readable(f"a: {text}".encode(), nobody).startswith(
        f"a: sealed  {rsa_bytes}+{plaintext_bytes + 16} bytes  digest ".encode()
    )


@given(st.binary(max_size=400))
def test_all_else_stays_as_it_is(content: bytes) -> None:
    assert readable(content, nobody) == content
    encoded = b"a: " + base64.b64encode(b"\0\0" + content)  # long, but no ciphertext
    assert readable(encoded, nobody) == encoded
