"""A diff as other tools take it: each format in a module of its own, chosen by name. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgen.review.formats.github import github
from sealgen.review.formats.gitlab import gitlab
from sealgen.review.formats.markdown import markdown
from sealgen.review.formats.sarif import sarif

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgen.review.change import EnvironmentDiff

FORMATS: dict[str, Callable[[Sequence[EnvironmentDiff]], str]] = {
    "markdown": markdown,
    "github": github,
    "sarif": sarif,
    "gitlab": gitlab,
}


def data(diff: EnvironmentDiff) -> dict[str, Any]:
    """Return a diff of one environment as JSON data."""
    return {
        "environment": diff.environment,
        "production": diff.is_production,
        "changes": [
            {
                "secret": change.secret or None,
                "key": change.key or None,
                "change": str(change.word),
                "detail": change.detail or None,
                "level": change.level.name.lower(),
                "file": change.file or None,
                "line": change.line or None,
            }
            for change in diff.changes
        ],
    }
