"""What ``push`` and ``rotate`` do where values are put into stores: show it, have it confirmed, and do it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, report
from sealgen.cli.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Set

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.reconcile.putting import Push, Stuck

_STYLES: dict[str, dict[str, Any]] = {
    "create": {"fg": "green"},
    "update": {"fg": "cyan"},
    "rotate": {"fg": "cyan"},
    "unchanged": {"dim": True},
    "refused": {"fg": "yellow", "bold": True},
    "unknown": {"fg": "yellow", "bold": True},
}
_TO_DO = {"create": "to create", "update": "to update", "rotate": "to rotate"}
_DONE = {"create": "created", "update": "updated", "rotate": "rotated"}


def show(context: click.Context, push: Push, command: str) -> each.Outcome:
    """Show what would be put."""
    from sealgen.reconcile.putting import Stuck  # noqa: PLC0415

    if push.stuck:
        return _stuck(context, Stuck(push, command))
    report.say(_table(context, push) + _summary(push, _TO_DO))
    return each.Outcome(10 if push.changes else 0, data(push))


def carry_out(
    context: click.Context,
    project: Project,
    name: str,
    prepare: Callable[[Environment], Push],
    command: str,
    *,
    approve: Callable[[Push], None] | None,
    waits: bool,
) -> each.Outcome:
    """Put what ``prepare`` finds to put, and tell of it; ``command`` is ``push`` or ``rotate``.

    ``approve`` is called once what would be put was shown, and may raise what ends the run.
    """
    from sealgen.reconcile.putting import Stuck  # noqa: PLC0415
    from sealgen.reconcile.putting import carry_out as put  # noqa: PLC0415

    shows = True

    def approved(push: Push) -> None:
        nonlocal shows
        if push.stuck:
            raise Stuck(push, command)
        if approve is not None and push.changes:
            report.say(_table(context, push).rstrip("\n"))
            shows = False
            approve(push)

    waiting = report.note if waits else None
    try:
        ended = put(
            project, name, prepare, approve=approved, now=dt.datetime.now(dt.UTC), tell=report.note, waiting=waiting
        )
    except Stuck as stuck:
        return _stuck(context, stuck)
    if ended.error is not None:
        return each.Outcome(ended.error.exit_code, data(ended.push, ended.done), ended.error)
    report.say((_table(context, ended.push) if shows else "") + _summary(ended.push, _DONE))
    return each.Outcome(0, data(ended.push, ended.done))


def _stuck(context: click.Context, stuck: Stuck) -> each.Outcome:
    report.say(_table(context, stuck.push).rstrip("\n"), to_stderr=True)
    return each.Outcome(12, data(stuck.push), stuck)


def _table(context: click.Context, push: Push) -> str:
    """Return the rows as a table with the environment's name above, or nothing if there are none to show."""
    rows = [row for row in push.rows if settings(context).verbose or row.deed != "unchanged"]
    if not rows:
        return ""
    cells: list[tuple[str, ...]] = [
        (row.value, row.place.kind, row.place.part.entry.name, _property(row.place.part.property), row.deed, row.reason)
        for row in rows
    ]
    header: tuple[str, ...] = ("value", "store", "entry", "property", "action", "reason")
    if not any(row.reason for row in rows):
        header, cells = header[:-1], [row[:-1] for row in cells]
    lines = report.table(header, cells, [_STYLES[row.deed] for row in rows])
    return f"{click.style(push.environment, bold=True)}\n{lines}\n"


def _property(names: tuple[str, ...]) -> str:
    return ".".join(names) or "(all)"


def _summary(push: Push, words: dict[str, str]) -> str:
    counts = {deed: sum(row.deed == deed for row in push.rows) for deed in [*words, "unchanged"]}
    words = {**words, "unchanged": "unchanged"}
    told = ", ".join(f"{number} {words[deed]}" for deed, number in counts.items() if number)
    return f"{push.environment}: {report.count(len(push.rows), 'value')}, {told}"


def data(push: Push, done: Set[str] = frozenset()) -> dict[str, Any]:
    """Return what JSON tells of it; ``done`` are the values that were put."""
    return {
        "environment": push.environment,
        "values": [
            {
                "value": row.value,
                "store": row.place.kind,
                "entry": row.place.part.entry.name,
                "property": list(row.place.part.property),
                "action": str(row.deed),
                "reason": row.reason or None,
                "done": row.value in done,
            }
            for row in push.rows
        ],
    }
