"""Schedules as metrics, for the textfile collector of Prometheus' node exporter. Pure.

Source: Prometheus' text exposition format, version 0.0.4.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_DAY = 24 * 60 * 60  # seconds
_EPOCH = dt.date(1970, 1, 1)
_METRICS = (
    (
        "sealgen_value_due_timestamp_seconds",
        "due",
        "When the present version of a secret value is as old as its rotate_every, in UTC.",
    ),
    (
        "sealgen_value_rotated_timestamp_seconds",
        "rotated",
        "The day on which the present version of a secret value was first sealed, in UTC.",
    ),
)


def metrics(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the results of an envelope as metrics."""
    return "".join(line for metric in _METRICS for line in _metric(*metric, results))


def _metric(name: str, field: str, help_: str, results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield f"# HELP {name} {help_}\n"
    yield f"# TYPE {name} gauge\n"
    for result in results:
        for value in result["values"]:
            labels = f'environment="{label(result["environment"])}",value="{label(value["value"])}"'
            yield f"{name}{{{labels}}} {(dt.date.fromisoformat(value[field]) - _EPOCH).days * _DAY}\n"


def label(content: str) -> str:
    """Return a text as a label's value, without its quotes."""
    return content.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
