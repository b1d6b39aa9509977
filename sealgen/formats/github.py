"""A report as annotations of GitHub Actions, on the lines concerned.

Source: GitHub's workflow commands (``::error file=…,line=…::``), and 10 annotations of a type a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import printable
from sealgen.formats.report import Severity

if TYPE_CHECKING:
    from sealgen.formats.report import Entry, Report, Section

MOST = 10  # annotations of a type
_TYPES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github(report: Report) -> str:
    """Return the commands, one a line; where there are more than GitHub shows, the last of a type counts the rest."""
    lines = []
    for severity, type_ in _TYPES.items():
        told = list(report.of(severity))
        shown = told if len(told) <= MOST else told[: MOST - 1]
        lines += [_annotation(type_, section, entry) for section, entry in shown]
        if len(shown) < len(told):
            rest = len(told) - len(shown)
            lines.append(
                f"::{type_} title=sealgen::{rest} more of this kind; 'sealgen {report.command}' shows them all"
            )
    return "".join(f"{line}\n" for line in lines)


def _annotation(type_: str, section: Section, entry: Entry) -> str:
    marked = " (production)" if section.is_production else ""
    title = f"{section.environment}{marked}: {entry.id} {entry.subject}".rstrip()
    properties = {"file": entry.file, "line": str(entry.line or ""), "title": title}
    told = ",".join(f"{name}={_property(text)}" for name, text in properties.items() if text)
    return f"::{type_} {told}::{_data('; '.join(filter(None, (entry.detail or title, entry.note))))}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
