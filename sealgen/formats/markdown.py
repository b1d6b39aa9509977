"""A report as a comment of a pull request: a table an environment, findings first, within GitHub's limit.

Source: GitHub Flavored Markdown 0.29 (tables, raw HTML, entities), and 65,536 characters a comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import printable
from sealgen.formats.report import Severity

if TYPE_CHECKING:
    from sealgen.formats.report import Entry, Report, Section

MAX_CHARACTERS = 65536
_ROOM = 1024  # characters, for what is said about what is left out
_MARKS = {Severity.ERROR: "🛑", Severity.WARNING: "⚠️", Severity.NOTE: ""}
_LONGEST = 600  # characters of a detail


def markdown(report: Report) -> str:
    """Return the comment."""
    if not report.sections:
        return f"### {report.title}\n\n{report.nothing}\n"
    told = _count(report.findings, "finding") if report.findings else "no findings"
    parts = [f"### {report.title}: {told}\n{_legend(report)}"]
    size = len(parts[0])
    left_out = 0
    for section in report.sections:
        head, foot = _head(report, section), _foot(section)
        rows = []
        size += len(head) + len(foot)
        for entry in section.entries:
            row = _row(entry)
            if left_out or size + len(row) > MAX_CHARACTERS - _ROOM:
                left_out += 1
                continue
            size += len(row)
            rows.append(row)
        if rows:
            parts.append(head + "".join(rows) + foot)
        else:
            size -= len(head) + len(foot)
    if left_out:
        command = f"<code>sealgen {report.command}</code>"
        parts.append(f"\n{left_out} more {report.noun}s: run {command} to see them all.\n")
    return "".join(parts)


def _legend(report: Report) -> str:
    told = [f"{_MARKS[severity]} {text}" for severity, text in report.legend.items() if any(report.of(severity))]
    return f"\n{' &nbsp; '.join(told)}\n" if told else ""


def _head(report: Report, section: Section) -> str:
    is_open = " open" if section.findings or section.is_production else ""
    marked = " (production)" if section.is_production and section.environment != "production" else ""
    findings = f", {_count(section.findings, 'finding')}" if section.findings and report.noun != "finding" else ""
    counted = f"{_count(len(section.entries), report.noun)}{findings}"
    title = f"<b>{inert(section.environment)}</b>{marked}: {counted}"
    columns = f"| | {' | '.join(report.columns)} |\n{'|-' * (len(report.columns) + 1)}|\n"
    return f"\n<details{is_open}><summary>{title}</summary>\n\n{columns}"


def _foot(section: Section) -> str:
    """Return what is said below a table, and its end."""
    notes = "".join(f"- {_code(_cut(subject))} {inert(_cut(told))}\n" for subject, told in section.notes)
    return f"\n{notes}\n</details>\n" if notes else "\n</details>\n"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _row(entry: Entry) -> str:
    cells = (*map(_code, entry.cells), entry.id, _code(_cut(entry.detail)))
    return f"| {_MARKS[entry.severity]} | {' | '.join(cells)} |\n"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _code(text: str) -> str:
    return f"<code>{inert(text)}</code>" if text else ""


def inert(text: str) -> str:
    """Return text that no reader of Markdown or HTML takes for markup, a link or a mention."""
    return "".join(
        character if character.isalnum() or character in " .,-→«»…" else f"&#{ord(character)};"
        for character in printable(text)
    )
