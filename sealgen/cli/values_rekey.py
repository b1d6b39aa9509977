"""``sealgen values rekey``: the same values, for the recipients of today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgen.cli import each, report, values_file
from sealgen.cli.settings import environments, global_options, settings

if TYPE_CHECKING:
    from sealgen.config.project import Project


@click.command("rekey", short_help="Encrypt the file for the present recipients.")
@environments
@values_file.store_option
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], every: bool, store: str | None) -> int:
    """Encrypt the same values for the recipients that the store names now, and say who was added and removed.

    A file that is for these recipients already stays as it is. Who could open it before has its values as they were,
    in Git's history: rotate them.
    """

    def run(project: Project, name: str) -> each.Outcome:
        if every and not any(store.kind == "age" for store in project.environment(name).stores.values()):
            raise each.Skipped("it has no store of kind age")
        found = values_file.target(project, name, store)
        opened = found.file.read()
        written = None
        if opened.encrypted is None:
            report.say(f"{name}: there is no {found.file.path} yet")
        elif written := found.file.write(opened, opened.text):
            report.say(f"{name}: encrypted {found.file.path} for {report.count(len(written.recipients), 'recipient')}")
            values_file.tell_readers(opened, written)
        else:
            report.say(f"{name}: {found.file.path} is for these recipients already")
        return each.Outcome(0, values_file.data(found, written) if settings(context).json else {})

    return each.environment(context, "values", names, every, run)
