"""A report as SARIF, for code scanning. Source: OASIS SARIF 2.1.0."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sealgen.errors import printable

if TYPE_CHECKING:
    from sealgen.formats.report import Entry, Report, Section

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(report: Report) -> str:
    """Return the document."""
    results = [_result(section, entry) for section in report.sections for entry in section.entries]
    rules = [
        {"id": id_, **({"shortDescription": {"text": sentence}} if sentence else {})}
        for id_, sentence in report.rules.items()
    ]
    driver = {"name": "sealgen", "rules": rules}
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(document, indent=2) + "\n"


def _result(section: Section, entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": entry.id,
        "level": str(entry.severity),
        "message": {"text": printable(f"{section.environment}: {entry.whole}")},
    }
    if entry.file:
        # A URI: GitHub refuses a path with a space.
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(entry.file, errors="surrogateescape")}}
        if entry.line:
            place["region"] = {"startLine": entry.line}
        found["locations"] = [{"physicalLocation": place}]
    return found
