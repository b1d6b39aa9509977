"""A report as one of GitLab's code quality, where findings show beside the lines of a merge request.

Source: GitLab's code quality report format, a part of Code Climate's.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING

from sealgen.errors import printable
from sealgen.formats.report import Severity

if TYPE_CHECKING:
    from sealgen.formats.report import Report

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}


def gitlab(report: Report) -> str:
    """Return the report.

    What names an entry is made of its place and kind alone, so that it keeps its name while its text changes; of
    several with one name GitLab would show one, so that those after the first are counted.
    """
    seen: Counter[str] = Counter()
    entries = []
    for section in report.sections:
        for entry in section.entries:
            name = f"{section.environment}/{entry.subject}/{entry.id}"
            seen[name] += 1
            told = name if seen[name] == 1 else f"{name}/{seen[name]}"
            entries.append(
                {
                    "description": printable(f"{section.environment}: {entry.whole}"),
                    "check_name": entry.id,
                    "fingerprint": hashlib.sha256(told.encode()).hexdigest(),
                    "severity": _SEVERITIES[entry.severity],
                    "location": {
                        "path": entry.file,
                        "lines": {"begin": max(entry.line, 1)},
                    },
                }
            )
    return json.dumps(entries, indent=2) + "\n"
