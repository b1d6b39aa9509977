"""``sealgen values list``: the names in the file, and what reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

from sealgen.cli import report, values_file
from sealgen.cli.settings import global_options, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.config.project import Project


class _Row(NamedTuple):
    name: str
    there: bool
    """False for what the environment reads and the file does not have."""
    read_by: tuple[str, ...]
    """The environment's values that are this, or a part of it."""
    sealed: str | None
    """The newest day on which one of these was sealed with a new version; None for what was never sealed."""


@click.command("list", short_help="Show the names in the file.")
@values_file.one_environment
@global_options
@click.pass_context
def command(context: click.Context, name: str, store: str | None) -> int:
    """Show the names in the environment's encrypted file, which of its values read them, and since when.

    Since when is what the lock says: the day on which a changed value was sealed. Values, their lengths and digests
    are not shown.
    """
    project = settings(context).project()
    found = values_file.target(project, name, store)
    rows = list(_rows(project, found))
    if settings(context).json:
        values = [row._asdict() | {"read_by": list(row.read_by)} for row in rows]
        click.echo(report.envelope("values", 0, [{"environment": name, "file": found.file.path, "values": values}]))
        return 0
    if rows:
        cells = [
            (
                row.name,
                ", ".join(row.read_by) or "(nothing)",
                row.sealed or "(never)" if row.there else "(not in the file)",
            )
            for row in rows
        ]
        styles = [{} if row.there and row.read_by else {"fg": "yellow"} for row in rows]
        report.say(report.table(("name", "read by", "sealed"), cells, styles))
    report.say(f"{name}: {report.count(sum(row.there for row in rows), 'value')} in {found.file.path}")
    return 0


def _rows(project: Project, found: values_file.Target) -> Iterator[_Row]:
    from sealgen.reconcile.sealed_objects import read_lock  # noqa: PLC0415
    from sealgen.stores import values_text  # noqa: PLC0415

    there = values_text.read(found.file.read().text.reveal(), found.file.path)
    wanted = (part.entry.name for _, part in found.parts())
    _, lock = read_lock(project, found.environment.name)
    for name in dict.fromkeys([*there, *wanted]):
        read_by = tuple(found.readers(name))
        dates = [lock.values[value].date for value in read_by if value in lock.values]
        yield _Row(name, name in there, read_by, max(dates, default=None))
