"""``sealgen push``: put values into the stores that others read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, report, steps
from sealgen.cli.seal import ask
from sealgen.cli.settings import complete_environment, global_options, settings
from sealgen.errors import SealgenError

if TYPE_CHECKING:
    from collections.abc import Set

    from sealgen.config.project import Project
    from sealgen.reconcile.pushing import Push

_STYLES: dict[str, dict[str, Any]] = {
    "create": {"fg": "green"},
    "update": {"fg": "cyan"},
    "unchanged": {"dim": True},
    "refused": {"fg": "yellow", "bold": True},
    "unknown": {"fg": "yellow", "bold": True},
}
_TO_DO = {"create": "to create", "update": "to update"}
_DONE = {"create": "created", "update": "updated"}


@click.command("push")
@click.argument("name", metavar="ENV", shell_complete=complete_environment)
@click.argument("values", metavar="[VALUE]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only show what would be put where.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option(
    "--from-cluster", is_flag=True, help="Read back from the live Secrets what was sealed and stored nowhere."
)
@click.option("--force", is_flag=True, help="Write entries too that are not sealgen's, and make them so.")
@global_options
@click.pass_context
def command(
    context: click.Context,
    name: str,
    values: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    from_cluster: bool,
    force: bool,
) -> int:
    """Put values of an environment where its push: says, for others to read.

    What a store holds is compared first; only what differs is put, and an entry that sealgen did not make is not
    written. At a terminal a typed yes confirms what is shown. Nothing is ever removed from a store.
    Exits 0 when it is done or nothing is to do, 10 for --dry-run with changes or without a yes, 12 when a value can't
    be had or an entry must not be written (nothing is put then).
    """
    from sealgen.reconcile.pushing import Stuck, prepare  # noqa: PLC0415

    is_terminal = sys.stdin.isatty()

    def run(project: Project, name: str) -> each.Outcome:
        around = steps.surroundings(project, ask=ask if is_terminal else None)
        environment = project.environment(name)
        live = None
        if from_cluster:
            from sealgen.reconcile.read_back import sealed_values  # noqa: PLC0415  (most runs ask no cluster)

            live = sealed_values(project, environment)
        push = prepare(environment, values, around, takes_over=force, live=live)
        if push.stuck:
            report.say(_table(push, verbose=settings(context).verbose).rstrip("\n"), to_stderr=True)
            return each.Outcome(12, _data(push, frozenset()), Stuck(push))
        asks = push.changes and not (dry_run or yes) and report.is_heard() and is_terminal
        table = _table(push, verbose=settings(context).verbose)
        if dry_run or not push.changes:
            report.say(table + _summary(push, _TO_DO))
            return each.Outcome(10 if push.changes else 0, _data(push, frozenset()))
        if asks:
            report.say(table.rstrip("\n"))
            if not report.is_confirmed(f"{name}: push? Type yes:"):
                report.say(f"{name}: nothing was put")
                return each.Outcome(10, _data(push, frozenset()))
        return _carried_out(push, "" if asks else table)

    return each.environment(context, "push", (name,), False, run)


def _carried_out(push: Push, table: str) -> each.Outcome:
    from sealgen.reconcile.pushing import carry_out  # noqa: PLC0415

    done: set[str] = set()
    try:
        for write in carry_out(push):
            done |= set(write.names)
    except SealgenError as error:
        if done:
            told = f"Put before that: {', '.join(sorted(done))}."
            error.hint = f"{error.hint} {told}" if error.hint else told
        return each.Outcome(error.exit_code, _data(push, done), error)
    report.say(table + _summary(push, _DONE))
    return each.Outcome(0, _data(push, done))


def _table(push: Push, *, verbose: bool) -> str:
    """Return the rows as a table with the environment's name above, or nothing if there are none to show."""
    rows = [row for row in push.rows if verbose or row.deed != "unchanged"]
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


def _data(push: Push, done: Set[str]) -> dict[str, Any]:
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
