"""Comments that silence a check, with a reason: ``# sealgen: ignore[rotation-due] until the move, OPS-12``. Pure.

At the beginning of a line of an environment file, it is for all of the environment; indented, for the next line; behind
something, for its own line. In any other file, a template for one, the latter two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MARK = b"sealgen: ignore"
_COMMENT = re.compile(
    r"^(?P<before>.*?)(?:\{#-?|#)[ \t]*sealgen: ignore\[(?P<ids>[^\]\n]*)\](?P<reason>.*)$",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Ignore:
    """A comment."""

    ids: tuple[str, ...]
    """Of the checks."""
    reason: str
    """Empty where it gives none, so that it silences nothing."""
    file: str
    at: int
    """The comment's own line, counted from 1."""
    line: int | None
    """The line that it is for; None for all of an environment."""


def read(file: str, content: bytes, *, wide: bool) -> list[Ignore]:
    """Return the comments of a file; ``wide`` tells that one may be for all of an environment there."""
    if _MARK not in content:
        return []
    text = content.decode("utf-8", "replace")
    found = []
    for match in _COMMENT.finditer(text):
        at = text.count("\n", 0, match.start()) + 1
        before = match["before"]
        line: int | None = at if before.strip() else at + 1
        if wide and not before:
            line = None
        ids = tuple(filter(None, (part.strip() for part in match["ids"].split(","))))
        found.append(Ignore(ids, _text(match["reason"]), file, at, line))
    return found


def _text(reason: str) -> str:
    """Return a reason without what ends a template's comment."""
    return reason.strip().removesuffix("#}").removesuffix("-").strip(" \t:")
