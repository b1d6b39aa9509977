"""A diff as data, and as the report that every format takes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgen.formats.report import Entry, Report, Section, Severity
from sealgen.review.change import Level, Word
from sealgen.review.readers import by_workload, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealgen.review.change import Change, EnvironmentDiff

_SEVERITIES = {Level.UNEXPLAINED: Severity.ERROR, Level.TRUST: Severity.WARNING, Level.PLAIN: Severity.NOTE}


def report(diffs: Sequence[EnvironmentDiff]) -> Report:
    """Return the diffs of some environments as a report."""
    return Report(
        command="diff",
        title="Sealed secrets",
        noun="change",
        nothing="Nothing sealed changed.",
        columns=("secret", "key", "change", "detail"),
        sections=tuple(_section(diff) for diff in diffs),
        rules={word.value: "" for word in Word},
        legend={Severity.ERROR: "nothing explains it", Severity.WARNING: "a matter of trust"},
    )


def _section(diff: EnvironmentDiff) -> Section:
    # What is gone has no file any more, and a reader of code quality wants one.
    entries = tuple(_entry(change, diff.environment) for change in diff.changes)
    return Section(diff.environment, entries, tuple(notes(diff)))


_MOST = 10  # notes


def notes(diff: EnvironmentDiff) -> Iterator[tuple[str, str]]:
    """Yield which workloads read what changed, as a subject and what is said of it."""
    readers = list(by_workload(diff.changes).items())
    for workload, secrets in readers[:_MOST]:
        yield workload, f"reads {listed(secrets)}"
    if len(readers) > _MOST:
        yield f"{len(readers) - _MOST} more", "read something that changed"


def _entry(change: Change, environment: str) -> Entry:
    return Entry(
        id=change.word.value,
        severity=_SEVERITIES[change.level],
        subject=change.place,
        detail=change.detail,
        sentence=" ".join(filter(None, (change.word, change.place, change.detail))),
        cells=(change.secret, change.key),
        file=change.file or f"environments/{environment}.yaml",
        line=change.line,
        note=f"read by {listed(change.readers)}" if change.readers and change.word is not Word.REMOVED else "",
    )


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
                "readers": list(change.readers),
            }
            for change in diff.changes
        ],
    }
