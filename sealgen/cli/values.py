"""``sealgen values``: what an environment keeps in a file that age encrypted."""

from __future__ import annotations

import click

from sealgen.cli import values_edit, values_list, values_rekey, values_rm, values_set
from sealgen.cli.settings import command_missing, global_options


@click.group("values", invoke_without_command=True, subcommand_metavar="COMMAND [ARGS]...")
@global_options
@click.pass_context
def command(context: click.Context) -> None:
    """Edit, set and list the values of a file of the repository that age encrypted."""
    if context.invoked_subcommand is None:
        command_missing(context)


command.add_command(values_edit.command)
command.add_command(values_set.command)
command.add_command(values_rm.command)
command.add_command(values_list.command)
command.add_command(values_rekey.command)
