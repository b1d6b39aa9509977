"""plan and seal for an environment of External Secrets, which needs no value and no certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.cli import each, report, steps
from sealgen.cli.settings import settings
from sealgen.errors import ConfigurationError

if TYPE_CHECKING:
    import click

    from sealgen.config.environment import Environment
    from sealgen.config.external_secrets import ExternalSecretsBackend
    from sealgen.config.project import Project
    from sealgen.reconcile.external import External
    from sealgen.reconcile.request import Request


def plan(
    context: click.Context,
    project: Project,
    environment: Environment,
    backend: ExternalSecretsBackend,
    request: Request,
) -> each.Outcome:
    """Show what seal would write."""
    from sealgen.reconcile.external import survey  # noqa: PLC0415

    _check_asked_for(environment, request)
    surveyed = survey(project, environment, backend)
    report.say(_table(context, surveyed) + _summary(surveyed, done=False))
    return each.Outcome(10 if surveyed.plan.changes else 0, _data(context, surveyed))


def seal(
    context: click.Context,
    project: Project,
    environment: Environment,
    backend: ExternalSecretsBackend,
    request: Request,
    *,
    waits: bool,
) -> each.Outcome:
    """Write the ExternalSecrets and their store."""
    from sealgen.reconcile.external import write  # noqa: PLC0415

    _check_asked_for(environment, request)
    written = write(project, environment, backend, tell=report.note, waiting=report.note if waits else None)
    report.say(_table(context, written) + _summary(written, done=True))
    data = _data(context, written)
    return each.Outcome(0, {**data, "files": [str(change.path) for change in written.changes]} if data else {})


def _check_asked_for(environment: Environment, request: Request) -> None:
    from sealgen.reconcile.request import Request  # noqa: PLC0415

    if request.rotate:
        raise ConfigurationError(
            f"{environment.name} is an environment of External Secrets: its store has the values",
            hint=f"Put the next version there: sealgen rotate {environment.name} {' '.join(sorted(request.rotate))}",
        )
    if request != Request():
        raise ConfigurationError(
            f"{environment.name} is an environment of External Secrets: no value of it is sealed, and all of it is "
            "written at once",
            hint=f"Leave the options out: sealgen seal {environment.name}",
        )


def _table(context: click.Context, surveyed: External) -> str:
    return steps.steps_text(surveyed.environment.name, surveyed.plan, verbose=settings(context).verbose)


def _summary(surveyed: External, *, done: bool) -> str:
    return steps.summary(surveyed.environment.name, surveyed.secrets, surveyed.keys, surveyed.plan, done=done)


def _data(context: click.Context, surveyed: External) -> dict[str, object]:
    if not settings(context).json:
        return {}
    return steps.plan_data(surveyed.environment.name, surveyed.secrets, surveyed.keys, surveyed.plan)
