"""Looking for values where they must not be: as they are, and in the encodings that they are written in. Pure.

What is found is told by the value's name, the encoding and the line; nothing of what was found is.
Source: RFC 4648 (base64, in its three alignments; hex), RFC 3986 (percent-encoding), RFC 8259 (JSON strings).
"""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sealgen.values.secret import Secret

SHORTEST = 8
"""Bytes; what is shorter would be found wherever one looks."""


class Leak(NamedTuple):
    """A value that was found."""

    line: int
    """Counted from 1."""
    value: str
    """Its name."""
    encoding: str


class Needles:
    """The values to look for, in every encoding."""

    def __init__(self, values: Mapping[str, Secret]) -> None:
        """``values`` are plaintexts by what they are to be called; those that are too short are left out."""
        self._told: dict[bytes, tuple[str, str]] = {}
        for name, value in values.items():
            plaintext = value.reveal()
            if len(plaintext) >= SHORTEST:
                for encoding, text in _encoded(plaintext):
                    self._told.setdefault(text, (name, encoding))
        # The longest first: what holds another, as a quoted value does, is told for what it is.
        alternatives = sorted(self._told, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, alternatives))) if alternatives else None
        self._longest = max(map(len, alternatives), default=0)

    def __bool__(self) -> bool:
        """Tell whether there is anything to look for."""
        return self._pattern is not None

    def leaks(self, chunks: Iterable[bytes]) -> Iterator[Leak]:
        """Yield what is found in a stream, wherever its chunks end, in the order of its lines."""
        if self._pattern is None:
            return
        line = 1
        rest = b""
        for chunk in chunks:
            window = rest + chunk
            # What begins in the last bytes may go on in the next chunk, and is looked for there.
            safe = max(len(window) - self._longest + 1, 0)
            last = 0
            for match in self._pattern.finditer(window):
                if match.start() >= safe:
                    break
                line += window.count(b"\n", last, match.start())
                last = match.start()
                yield Leak(line, *self._told[match[0]])
            kept = max(safe, last)
            line += window.count(b"\n", last, kept)
            rest = window[kept:]
        for match in self._pattern.finditer(rest):
            yield Leak(line + rest.count(b"\n", 0, match.start()), *self._told[match[0]])


def _encoded(plaintext: bytes) -> Iterator[tuple[str, bytes]]:
    yield "as it is", plaintext
    encoders: dict[str, Callable[[bytes], bytes]] = {"base64": base64.b64encode, "base64url": base64.urlsafe_b64encode}
    for encoding, encode in encoders.items():
        for shift in range(3):
            yield encoding, _whole_characters(encode(bytes(shift) + plaintext), shift, len(plaintext))
    yield "hex", plaintext.hex().encode()
    yield "hex", plaintext.hex().upper().encode()
    for safe in ("", "/"):
        quoted = urllib.parse.quote(plaintext, safe=safe)
        yield "URL-encoded", quoted.encode()
        yield "URL-encoded", re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quoted).encode()
        yield "URL-encoded", quoted.replace("%20", "+").encode()
    try:
        text = plaintext.decode()
    except UnicodeDecodeError:
        return
    yield "JSON", json.dumps(text)[1:-1].encode()
    yield "JSON", json.dumps(text, ensure_ascii=False)[1:-1].encode()


def _whole_characters(encoded: bytes, shift: int, length: int) -> bytes:
    """Return the characters that are of the plaintext alone, whatever stands before it and after."""
    return encoded[(shift * 8 + 5) // 6 : (shift + length) * 8 // 6]
