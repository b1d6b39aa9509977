"""``sealgen render``: the Secrets of a plain environment, for kubectl."""

from __future__ import annotations

import sys

import click

from sealgen.cli import report, steps
from sealgen.cli.seal import ask
from sealgen.cli.settings import complete_environment, global_options, settings


@click.command("render")
@click.argument("name", metavar="ENV", shell_complete=complete_environment)
@global_options
@click.pass_context
def command(context: click.Context, name: str) -> int:
    """Print the Secrets of a plain environment to standard output: sealgen render development | kubectl apply -f -."""
    from sealgen.reconcile.rendering import render  # noqa: PLC0415

    project = settings(context).project()
    around = steps.surroundings(project, ask=ask if sys.stdin.isatty() else None)
    rendered = render(project, project.environment(name), around, report.note)
    if settings(context).json:
        data = {"environment": name, "manifests": rendered}
        click.echo(report.envelope("render", 0, [data]))
    else:
        click.echo(rendered.encode(), nl=False)  # UTF-8, whatever the terminal speaks: it is YAML
    return 0
