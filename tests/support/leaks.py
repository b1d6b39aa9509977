"""Telling whether a text holds a plaintext, or a part of one, in any of the forms in which it might get out."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PART = 12
"""So many bytes of a form, in a row, are a leak."""


def leaked(content: bytes, plaintexts: Mapping[str, bytes]) -> list[str]:
    """Return which plaintexts ``content`` holds a part of, and in which form."""
    return [
        f"{name} ({form})"
        for name, plaintext in plaintexts.items()
        for form, text in _forms(plaintext)
        if any(text[start : start + PART] in content for start in range(len(text) - PART + 1))
    ]


def _forms(plaintext: bytes) -> Iterator[tuple[str, bytes]]:
    yield "as it is", plaintext
    yield "base64", base64.b64encode(plaintext)
    for before in range(3):
        # Inside of other text, a quantum of base64 may begin at any of three bytes.
        encoded = base64.b64encode(bytes(before) + plaintext)[(0, 2, 3)[before] : -4]
        yield f"base64 after {before} bytes", encoded
        yield f"base64url after {before} bytes", encoded.replace(b"+", b"-").replace(b"/", b"_")
    yield "hex", plaintext.hex().encode()
    yield "HEX", plaintext.hex().upper().encode()
    yield "URL-quoted", quote(plaintext, safe="").encode()
    yield "a form's value", quote_plus(plaintext).encode()
    yield "bytes in Python", repr(plaintext)[2:-1].encode()
    for algorithm in ("md5", "sha1", "sha256"):
        yield algorithm, hashlib.new(algorithm, plaintext).hexdigest().encode()
    try:
        text = plaintext.decode()
    except UnicodeDecodeError:
        return
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "JSON in UTF-8", json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield "text in Python", repr(text)[1:-1].encode()
    yield "upper case", text.upper().encode()
    yield "lower case", text.lower().encode()
