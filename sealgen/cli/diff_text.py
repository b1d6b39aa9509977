"""A diff for people at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import report
from sealgen.errors import printable
from sealgen.review import reporting
from sealgen.review.change import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.review.change import EnvironmentDiff

_MARKS = {Level.UNEXPLAINED: "!!", Level.TRUST: "!", Level.PLAIN: ""}
_STYLES: dict[Level, dict[str, Any]] = {
    Level.UNEXPLAINED: {"fg": "red", "bold": True},
    Level.TRUST: {"fg": "yellow"},
    Level.PLAIN: {},
}


def text(diffs: Sequence[EnvironmentDiff]) -> str:
    """Return the tables, one an environment, and the sentences that sum them up."""
    if not diffs:
        return "nothing sealed changed\n"
    return "".join(f"{_table(diff)}\n{_notes(diff)}{_summary(diff)}\n" for diff in diffs)


def _table(diff: EnvironmentDiff) -> str:
    marked = click.style(" (production)", fg="yellow") if diff.is_production else ""
    rows = [(_MARKS[change.level], change.secret, change.key, change.word, change.detail) for change in diff.changes]
    styles = [_STYLES[change.level] for change in diff.changes]
    lines = report.table(("", "secret", "key", "change", "detail"), rows, styles)
    return f"{click.style(diff.environment, bold=True)}{marked}\n{lines}"


def _notes(diff: EnvironmentDiff) -> str:
    return "".join(f"  {printable(f'{subject} {told}')}\n" for subject, told in reporting.notes(diff))


def _summary(diff: EnvironmentDiff) -> str:
    findings = report.count(len(diff.findings), "finding") if diff.findings else "no findings"
    return f"{diff.environment}: {report.count(len(diff.changes), 'change')}, {findings}"
