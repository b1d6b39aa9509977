"""``sealgen rotate``: the next version of values, in every key that is made of them."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

import click

from sealgen.cli import each, plan, report, seal, steps
from sealgen.cli.settings import complete_environment, global_options, settings
from sealgen.errors import printable

if TYPE_CHECKING:
    from sealgen.config.project import Project
    from sealgen.reconcile.planning import Planned
    from sealgen.reconcile.request import Request


class _Declined(Exception):  # noqa: N818  (a person's wish, not a fault)
    """Somebody saw the plan and said no."""


@click.command("rotate")
@click.argument("name", metavar="ENV", shell_complete=complete_environment)
@click.argument("values", metavar="[VALUE]...", nargs=-1)
@click.option("--due", is_flag=True, help="Those that are older than their rotate_every.")
@click.option("--all", "all_", is_flag=True, help="All that are generated.")
@click.option("--finish", metavar="VALUE", multiple=True, help="No longer keep the version before; repeat for more.")
@click.option("--from-cluster", is_flag=True, help="Read back from the live Secrets what is needed beside them.")
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--no-wait", is_flag=True, help="Fail at once where another run holds the environment.")
@global_options
@click.pass_context
def command(
    context: click.Context,
    name: str,
    values: tuple[str, ...],
    due: bool,
    all_: bool,
    finish: tuple[str, ...],
    from_cluster: bool,
    dry_run: bool,
    yes: bool,
    no_wait: bool,
) -> int:
    """Make the next version of values, and seal every key that is made of them again, in one transaction.

    All other ciphertexts stay as they are. At a terminal the plan is confirmed by a typed yes. Where a value has
    keep_previous, the ciphertext before is kept under that key until the next rotation, or --finish.
    Exits 0 when it is done or nothing is due, 10 for --dry-run or without a yes, 12 when a value is needed that
    can't be had here (nothing is written then).
    """
    from sealgen.reconcile.request import Request  # noqa: PLC0415

    if sum(map(bool, (values, due, all_, finish))) != 1:
        raise click.UsageError("name values, or say one of --due, --all and --finish VALUE")

    def run(project: Project, name: str) -> each.Outcome:
        chosen = _chosen(project, name, due=due) if due or all_ else values
        request = Request(frozenset(chosen), frozenset(finish), alone=True, from_cluster=from_cluster)
        if not chosen and not finish:
            report.say(f"{name}: nothing is due" if due else f"{name}: nothing is generated")
            return each.Outcome(0, {"environment": name, "steps": []} if settings(context).json else {})
        if dry_run:
            return plan.show(context, project, name, request, every=False)
        return _rotated(
            context,
            project,
            name,
            request,
            asks=not yes and report.is_heard() and sys.stdin.isatty(),
            waits=not no_wait,
        )

    return each.environment(context, "rotate", (name,), False, run)


def _rotated(
    context: click.Context, project: Project, name: str, request: Request, *, asks: bool, waits: bool
) -> each.Outcome:
    def approve(planned: Planned) -> None:
        report.say(steps.steps_text(name, planned.plan, verbose=settings(context).verbose).rstrip("\n"))
        if planned.plan.changes and not _confirmed(name):
            raise _Declined

    try:
        return seal.carry_out(
            context, project, name, request, every=False, waits=waits, approve=approve if asks else None
        )
    except _Declined:
        report.say(f"{name}: nothing was written")
        return each.Outcome(10, {})


def _confirmed(name: str) -> bool:
    question = printable(f"{name}: rotate? Type yes:")
    answer: str = click.prompt(question, prompt_suffix=" ", default="", show_default=False, err=True)
    return answer == "yes"


def _chosen(project: Project, name: str, *, due: bool) -> list[str]:
    """Return the values that are made here, and due or not; what is due and made elsewhere is told."""
    from sealgen.reconcile.planning import sealed_secrets_backend  # noqa: PLC0415
    from sealgen.reconcile.survey import survey  # noqa: PLC0415
    from sealgen.rotation import schedule  # noqa: PLC0415
    from sealgen.values.kept import is_rotatable  # noqa: PLC0415

    environment = project.environment(name)
    sealed_secrets_backend(environment)
    surveyed = survey(project, environment)
    found = used = surveyed.values
    if due:
        found = schedule.due(environment.values, used, surveyed.lock, dt.datetime.now(dt.UTC).date())
        for value in found:
            source = environment.values[value].source
            if not is_rotatable(source):
                report.note(f"{name}: {value} is due, and is read ({source.kind}); change it there")
        return [value for value in found if is_rotatable(environment.values[value].source)]
    return [value for value in found if environment.values[value].source.kind == "generate"]
