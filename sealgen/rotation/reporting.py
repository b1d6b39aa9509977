"""Schedules as data, and as the report that a comment of a pull request is made of. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sealgen.formats.report import Entry, Report, Section, Severity
from sealgen.rotation.schedule import Standing, days

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgen.rotation.schedule import Age, Schedule

_SEVERITIES = {Standing.OVERDUE: Severity.ERROR, Standing.DUE: Severity.WARNING}
_SENTENCES = {
    Standing.OVERDUE: "a value that is older than its rotate_every",
    Standing.DUE: "a value that is as old as its rotate_every today",
    Standing.SOON: "a value that will soon be as old as its rotate_every",
    Standing.LATER: "a value that will be as old as its rotate_every",
}


def data(schedule: Schedule) -> dict[str, Any]:
    """Return a schedule as JSON data; times are in days."""
    return {
        "environment": schedule.environment,
        "namespace": schedule.namespace,
        "values": list(map(_age, schedule.ages)),
        "ageless": list(schedule.ageless),
    }


def _age(age: Age) -> dict[str, Any]:
    return {
        "value": age.value,
        "source": age.source,
        "made": age.made,
        "rotated": age.date,
        "due": str(age.due),
        "every": age.every,
        "age": age.days,
        "left": age.left,
        "standing": str(age.standing),
    }


def when(left: int) -> str:
    """Say when a value is due that has so many days left."""
    if left < 0:
        return f"{days(-left)} overdue"
    return f"in {days(left)}" if left else "today"


def report(results: Sequence[Mapping[str, Any]]) -> Report:
    """Return the results of an envelope as a report."""
    return Report(
        command="due",
        title="Rotation of secret values",
        noun="value",
        nothing="No value is due.",
        columns=("value", "due", "is", "when"),
        sections=tuple(
            Section(result["environment"], tuple(map(_entry, result["values"])))
            for result in results
            if result["values"]
        ),
        rules={str(standing): sentence for standing, sentence in _SENTENCES.items()},
    )


def _entry(value: Mapping[str, Any]) -> Entry:
    standing = Standing(value["standing"])
    detail = f"{when(value['left'])}: version of {value['rotated']}, every {days(value['every'])}"
    if not value["made"]:
        detail += f"; read ({value['source']}), so it is changed there"
    return Entry(
        id=str(standing),
        severity=_SEVERITIES.get(standing, Severity.NOTE),
        subject=value["value"],
        detail=detail,
        sentence=f"{value['value']} is due {detail}",
        cells=(value["value"], value["due"]),
        file="",
        line=0,
    )
