"""A diff as annotations of GitHub Actions, on the lines concerned.

Source: GitHub's workflow commands (``::error file=…,line=…::``), and 10 annotations of a type a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import printable
from sealgen.review.change import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.review.change import Change, EnvironmentDiff

MOST = 10  # annotations of a type
_TYPES = {Level.UNEXPLAINED: "error", Level.TRUST: "warning", Level.PLAIN: "notice"}


def github(diffs: Sequence[EnvironmentDiff]) -> str:
    """Return the commands, one a line; where there are more than GitHub shows, the last of a type counts the rest."""
    lines = []
    for level, type_ in _TYPES.items():
        told = [(diff, change) for diff in diffs for change in diff.changes if change.level is level]
        shown = told if len(told) <= MOST else told[: MOST - 1]
        lines += [_annotation(type_, diff, change) for diff, change in shown]
        if len(shown) < len(told):
            rest = len(told) - len(shown)
            lines.append(f"::{type_} title=sealgen::{rest} more of this kind; 'sealgen diff' shows them all")
    return "".join(f"{line}\n" for line in lines)


def _annotation(type_: str, diff: EnvironmentDiff, change: Change) -> str:
    marked = " (production)" if diff.is_production else ""
    title = f"{diff.environment}{marked}: {change.word} {change.place}".rstrip()
    properties = {"file": change.file, "line": str(change.line or ""), "title": title}
    told = ",".join(f"{name}={_property(text)}" for name, text in properties.items() if text)
    return f"::{type_} {told}::{_data(change.detail or title)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
