"""``sealgen cert``: the certificates that environments are sealed with."""

from __future__ import annotations

import click

from sealgen.cli import cert_fetch, cert_show, cert_usage
from sealgen.cli.settings import command_missing, global_options


@click.group("cert", invoke_without_command=True, subcommand_metavar="COMMAND [ARGS]...")
@global_options
@click.pass_context
def command(context: click.Context) -> None:
    """Look at the controller's certificate, and take a new one."""
    if context.invoked_subcommand is None:
        command_missing(context)


command.add_command(cert_fetch.command)
command.add_command(cert_show.command)
command.add_command(cert_usage.command)
