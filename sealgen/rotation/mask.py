"""Masking values in what a program prints, before anybody sees it. Pure."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_MASKED = b"***"
_LINE = 8  # bytes of a line of a longer value that are worth a mask
_LONGEST = 65536  # bytes of a line


class Mask:
    """Passes on lines with ``***`` in the place of values: as they are, encoded, or a line of one.

    What a program makes of a value beyond that, nobody can know.
    """

    def __init__(self, plaintexts: Iterable[bytes], pass_on: Callable[[str], None]) -> None:
        forms = {form for plaintext in plaintexts for form in _forms(plaintext) if form}
        # The longest first: a value may be a part of another.
        self._pattern = re.compile(b"|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None
        self._pass_on = pass_on
        self._held = b""

    def hear(self, chunk: bytes) -> None:
        """Take what comes next, and pass on the lines that are whole."""
        *lines, self._held = re.split(rb"\r\n|\n|\r(?!\Z)", self._held + chunk)
        for line in lines:
            self._pass(line)
        if len(self._held) > _LONGEST:
            self._held = b""
            self._pass_on("(a line that is too long)")

    def end(self) -> None:
        """Pass on what is left."""
        if self._held:
            self._pass(self._held)
        self._held = b""

    def _pass(self, line: bytes) -> None:
        masked = line if self._pattern is None else self._pattern.sub(_MASKED, line)
        self._pass_on(masked.decode("utf-8", "replace"))


def _forms(plaintext: bytes) -> Iterator[bytes]:
    lines = re.split(rb"[\r\n]+", plaintext)
    yield from (line for line in lines if len(lines) == 1 or len(line) >= _LINE)
    yield base64.b64encode(plaintext)
    yield quote(plaintext, safe="").encode()
    yield plaintext.replace(b"'", b"''")
    yield plaintext.replace(b"'", b"''").replace(b"\\", b"\\\\")
    yield json.dumps(plaintext.decode("utf-8", "replace"), ensure_ascii=False)[1:-1].encode()
