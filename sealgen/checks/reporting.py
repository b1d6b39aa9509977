"""Checked environments as data, and as the report that every format takes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgen.checks.registry import CHECKS, PAGE
from sealgen.formats.report import Entry, Report, Section, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealgen.checks.checked import Checked
    from sealgen.checks.finding import Finding

_ORDER = list(Severity)
ERROR = "error"
"""The id, in a report, of what kept an environment from being checked; it is no check."""


def data(checked: Checked) -> dict[str, Any]:
    """Return what was found in one environment as JSON data."""
    return {
        "environment": checked.environment,
        "secrets": checked.secrets,
        "keys": checked.keys,
        "findings": list(map(_finding, checked.findings)),
        "ignored": [{**_finding(ignored.finding), "reason": ignored.reason} for ignored in checked.ignored],
        "unproven": list(checked.unproven),
        "entropy_bits": dict(checked.entropy),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": str(finding.severity),
        "file": finding.file,
        "line": finding.line,
        "message": finding.message,
    }


def listed() -> list[dict[str, Any]]:
    """Return every check as JSON data."""
    return [
        {"id": check.id, "severity": str(check.severity), "sentence": check.sentence, "page": f"{PAGE}#{check.id}"}
        for check in CHECKS.values()
    ]


def report(results: Sequence[Mapping[str, Any]], errors: Sequence[Mapping[str, Any]]) -> Report:
    """Return the results and errors of an envelope as a report: findings alone, the most pressing first."""
    entries: dict[str, list[Entry]] = {}
    for result in results:
        entries.setdefault(result["environment"], []).extend(map(_entry, result["findings"]))
    for error in errors:
        told = {"id": ERROR, "severity": Severity.ERROR, **error, "file": error["file"] or ""}
        entries.setdefault(error["environment"], []).append(_entry(told))
    return Report(
        command="check",
        title="Checks of sealed secrets",
        noun="finding",
        nothing="Nothing wrong.",
        columns=("where", "check", "finding"),
        sections=tuple(Section(name, _pressing_first(its)) for name, its in entries.items() if its),
        rules={**{check.id: check.sentence for check in CHECKS.values()}, ERROR: "what keeps sealgen from checking"},
    )


def _entry(finding: Mapping[str, Any]) -> Entry:
    file, line, message = finding["file"], finding["line"], finding["message"]
    place = f"{file}:{line}" if line else file
    return Entry(
        id=finding["id"],
        severity=Severity(finding["severity"]),
        subject="",
        detail=message,
        sentence=message,
        cells=(place,),
        file=file,
        line=line or 0,
    )


def _pressing_first(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: _ORDER.index(entry.severity)))
