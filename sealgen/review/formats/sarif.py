"""A diff as SARIF, for code scanning. Source: OASIS SARIF 2.1.0."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sealgen.errors import printable
from sealgen.review.change import Level, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.review.change import Change, EnvironmentDiff

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Level.UNEXPLAINED: "error", Level.TRUST: "warning", Level.PLAIN: "note"}


def sarif(diffs: Sequence[EnvironmentDiff]) -> str:
    """Return the document."""
    results = [_result(diff, change) for diff in diffs for change in diff.changes]
    rules = [{"id": word.value} for word in Word]
    driver = {"name": "sealgen", "rules": rules}
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}
    return json.dumps(document, indent=2) + "\n"


def _result(diff: EnvironmentDiff, change: Change) -> dict[str, Any]:
    said = " ".join(filter(None, (change.place, change.detail)))
    found: dict[str, Any] = {
        "ruleId": change.word.value,
        "level": _LEVELS[change.level],
        "message": {"text": printable(f"{diff.environment}: {change.word} {said}".rstrip())},
    }
    if change.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": change.file}}
        if change.line:
            place["region"] = {"startLine": change.line}
        found["locations"] = [{"physicalLocation": place}]
    return found
