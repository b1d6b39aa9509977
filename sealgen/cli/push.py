"""``sealgen push``: put values into the stores that others read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sealgen.cli import each, put, report, steps
from sealgen.cli.seal import ask
from sealgen.cli.settings import complete_environment, global_options

if TYPE_CHECKING:
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.reconcile.putting import Push


@click.command("push")
@click.argument("name", metavar="ENV", shell_complete=complete_environment)
@click.argument("values", metavar="[VALUE]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only show what would be put where.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option(
    "--from-cluster", is_flag=True, help="Read back from the live Secrets what was sealed and stored nowhere."
)
@click.option("--force", is_flag=True, help="Write entries too that are not sealgen's, and make them so.")
@click.option(
    "--push-secrets", is_flag=True, help="Print PushSecrets: the operator puts there what Secrets in the cluster hold."
)
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
    push_secrets: bool,
) -> int:
    """Put values of an environment where its push: says, for others to read.

    What a store holds is compared first; only what differs is put, and an entry that sealgen did not make is not
    written. At a terminal a typed yes confirms what is shown. Nothing is ever removed from a store.
    Exits 0 when it is done or nothing is to do, 10 for --dry-run with changes or without a yes, 12 when a value can't
    be had or an entry must not be written (nothing is put then).
    """
    if push_secrets:
        if dry_run or yes or from_cluster or force:
            raise click.UsageError("--push-secrets only prints; say no --dry-run, --yes, --from-cluster or --force")
        from sealgen.cli.push_secrets import run as printed  # noqa: PLC0415

        return each.environment(
            context, "push", (name,), False, lambda project, name: printed(context, project, name, values)
        )
    from sealgen.reconcile import pushing  # noqa: PLC0415

    is_terminal = sys.stdin.isatty()

    def run(project: Project, name: str) -> each.Outcome:
        around = steps.surroundings(project, ask=ask if is_terminal else None)

        def prepare(environment: Environment) -> Push:
            live = None
            if from_cluster:
                from sealgen.reconcile.read_back import sealed_values  # noqa: PLC0415  (most runs ask no cluster)

                live = sealed_values(project, environment)
            return pushing.prepare(environment, values, around, takes_over=force, live=live)

        if dry_run:
            return put.show(context, prepare(project.environment(name)), "push")
        approve = _confirm if not yes and report.is_heard() and is_terminal else None
        try:
            return put.carry_out(context, project, name, prepare, "push", approve=approve, waits=True)
        except _Declined as declined:
            report.say(f"{name}: nothing was put")
            return each.Outcome(10, put.data(declined.push))

    return each.environment(context, "push", (name,), False, run)


class _Declined(Exception):  # noqa: N818  (a person's wish, not a fault)
    """Somebody saw what would be put, and said no."""

    def __init__(self, push: Push) -> None:
        super().__init__()
        self.push = push


def _confirm(push: Push) -> None:
    """Ask for a typed yes; raises _Declined where it is none."""
    if not report.is_confirmed(f"{push.environment}: push? Type yes:"):
        raise _Declined(push)
