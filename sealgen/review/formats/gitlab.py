"""A diff as a report of GitLab's code quality, where findings show beside the lines of a merge request.

Source: GitLab's code quality report format, a part of Code Climate's.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from sealgen.errors import printable
from sealgen.review.change import Level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.review.change import EnvironmentDiff

_SEVERITIES = {Level.UNEXPLAINED: "critical", Level.TRUST: "major", Level.PLAIN: "info"}


def gitlab(diffs: Sequence[EnvironmentDiff]) -> str:
    """Return the report. What names an entry is made of the place and the kind of the change alone."""
    entries = [
        {
            "description": printable(f"{diff.environment}: {change.word} {change.place} {change.detail}".rstrip()),
            "check_name": change.word.value,
            "fingerprint": hashlib.sha256(f"{diff.environment}/{change.place}/{change.word}".encode()).hexdigest(),
            "severity": _SEVERITIES[change.level],
            "location": {"path": change.file, "lines": {"begin": max(change.line, 1)}},
        }
        for diff in diffs
        for change in diff.changes
    ]
    return json.dumps(entries, indent=2) + "\n"
