"""A diff as a comment of a pull request: a table an environment, findings first, within GitHub's limit.

Source: GitHub Flavored Markdown 0.29 (tables, raw HTML, entities), and 65,536 characters a comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import printable
from sealgen.review.change import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.review.change import Change, EnvironmentDiff

MAX_CHARACTERS = 65536
_ROOM = 1024  # characters, for what is said about what is left out
_MARKS = {Level.UNEXPLAINED: "🛑", Level.TRUST: "⚠️", Level.PLAIN: ""}
_LONGEST = 600  # characters of a detail


def markdown(diffs: Sequence[EnvironmentDiff]) -> str:
    """Return the comment."""
    findings = sum(len(diff.findings) for diff in diffs)
    if not diffs:
        return "### Sealed secrets\n\nNothing sealed changed.\n"
    told = "no findings" if not findings else "1 finding" if findings == 1 else f"{findings} findings"
    parts = [f"### Sealed secrets: {told}\n"]
    size = len(parts[0])
    left_out = 0
    for diff in diffs:
        head = _head(diff)
        rows = []
        size += len(head) + len(_FOOT)
        for change in diff.changes:
            row = _row(change)
            if left_out or size + len(row) > MAX_CHARACTERS - _ROOM:
                left_out += 1
                continue
            size += len(row)
            rows.append(row)
        if rows:
            parts.append(head + "".join(rows) + _FOOT)
        else:
            size -= len(head) + len(_FOOT)
    if left_out:
        parts.append(f"\n{left_out} more changes: run <code>sealgen diff</code> to see them all.\n")
    return "".join(parts)


_FOOT = "\n</details>\n"


def _head(diff: EnvironmentDiff) -> str:
    is_open = " open" if diff.findings or diff.is_production else ""
    changes = f"{len(diff.changes)} change{'' if len(diff.changes) == 1 else 's'}"
    marked = " (production)" if diff.is_production else ""
    title = f"<b>{inert(diff.environment)}</b>{marked}: {changes}"
    return f"\n<details{is_open}><summary>{title}</summary>\n\n| | secret | key | change | detail |\n|-|-|-|-|-|\n"


def _row(change: Change) -> str:
    detail = change.detail if len(change.detail) <= _LONGEST else change.detail[: _LONGEST - 1] + "…"
    cells = (_code(change.secret), _code(change.key), str(change.word), _code(detail))
    return f"| {_MARKS[change.level]} | {' | '.join(cells)} |\n"


def _code(text: str) -> str:
    return f"<code>{inert(text)}</code>" if text else ""


def inert(text: str) -> str:
    """Return text that no reader of Markdown or HTML takes for markup, a link or a mention."""
    return "".join(
        character if character.isalnum() or character in " .,-→«»…" else f"&#{ord(character)};"
        for character in printable(text)
    )
