"""``sealgen plan``: what seal would do, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealgen.cli import each, external, report, steps
from sealgen.cli.settings import environments, global_options, settings

if TYPE_CHECKING:
    from sealgen.config.project import Project
    from sealgen.reconcile.request import Request


@click.command("plan")
@environments
@steps.requests
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], every: bool, request: Request) -> int:
    """Show what seal would do, key by key, with the reason.

    Exits 0 when nothing is to do, 10 when something is, 12 when that can't be told or done here.
    """

    def run(project: Project, name: str) -> each.Outcome:
        if recalled := steps.recalled(context, project, name, request):
            return recalled
        return show(context, project, name, request, every=every)

    return each.environment(context, "plan", names, every, run)


def show(context: click.Context, project: Project, name: str, request: Request, *, every: bool) -> each.Outcome:
    """Plan what is asked for, and tell."""
    from sealgen.config.external_secrets import ExternalSecretsBackend  # noqa: PLC0415
    from sealgen.reconcile.planning import prepare  # noqa: PLC0415
    from sealgen.reconcile.sealing import advice  # noqa: PLC0415
    from sealgen.values import fingerprint_key  # noqa: PLC0415

    current = settings(context)
    environment = each.written(project, name, every=every)
    if isinstance(environment.backend, ExternalSecretsBackend):
        return external.plan(context, project, environment, environment.backend, request)
    # Nobody is asked and no key is kept: a plan changes nothing.
    around = steps.surroundings(project, ask=None)
    planned = prepare(project, environment, request, around, fingerprint_key.temporary)
    table = steps.steps_text(environment.name, planned.plan, verbose=current.verbose)
    report.say(table + steps.summary(environment.name, *steps.sizes(planned), planned.plan, done=False))
    if planned.plan.stuck:
        report.say(advice(planned))
    code = 12 if planned.plan.stuck else 10 if planned.plan.changes else 0
    data = steps.plan_data(name, *steps.sizes(planned), planned.plan) if current.json else {}
    return each.Outcome(code, data)
