"""``sealgen seal``: bring the sealed manifests up to date."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, external, report, steps
from sealgen.cli.progress import progress
from sealgen.cli.settings import environments, global_options, settings
from sealgen.overlay.seen import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgen.config.project import Project
    from sealgen.overlay.transaction import FileChange
    from sealgen.reconcile.planning import Planned
    from sealgen.reconcile.request import Request
    from sealgen.reconcile.sealing import Sealed
    from sealgen.values.secret import Secret


def ask(question: str) -> Secret:
    """Ask a person, hidden and twice."""
    from sealgen.values.secret import Secret  # noqa: PLC0415

    answer: str = click.prompt(
        question if question.endswith((":", "?")) else f"{question}:",
        prompt_suffix=" ",
        hide_input=True,
        confirmation_prompt="Once more:",
        default="",  # an empty value is one, too
        show_default=False,
        err=True,
    )
    return Secret(answer.encode("utf-8", "surrogateescape"))


@click.command("seal")
@environments
@steps.requests
@click.option("--no-wait", is_flag=True, help="Fail at once where another run holds the environment.")
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], every: bool, no_wait: bool, request: Request) -> int:
    """Bring the manifests in the overlay, and the lock, up to date.

    Only what changed is sealed again; every other ciphertext stays as it is. Exits 0 when all is done, 12 when
    a value is needed that can't be had here (nothing is written then).

    To move an environment to another cluster: first name the new cluster's certificate and fingerprint under
    backend:, and leave cluster: at the old one, which has the values. Then run with --certificate-changed reseal
    --from-cluster; it says which values are to be made anew (--rotate). Last, apply the overlay to the new cluster,
    and let cluster: name that one.
    """

    def run(project: Project, name: str) -> each.Outcome:
        if recalled := steps.recalled(context, project, name, request):
            return recalled
        return carry_out(context, project, name, request, every=every, waits=not no_wait)

    return each.environment(context, "seal", names, every, run)


def carry_out(
    context: click.Context,
    project: Project,
    name: str,
    request: Request,
    *,
    every: bool,
    waits: bool,
    approve: Callable[[Planned], None] | None = None,
    then: Callable[[Sealed], None] = lambda _: None,
    along: Sequence[FileChange] = (),
) -> each.Outcome:
    """Seal what is asked for, and tell; ``approve`` shows the plan to somebody, and may raise what ends the run.

    ``then`` is given what was done, once it was told. ``along`` is as for ``sealing.seal``.
    """
    from sealgen.config.external_secrets import ExternalSecretsBackend  # noqa: PLC0415
    from sealgen.crypto.certificate import EXPIRES_SOON  # noqa: PLC0415
    from sealgen.crypto.crew import crew  # noqa: PLC0415
    from sealgen.reconcile.sealing import Stuck, seal  # noqa: PLC0415

    current = settings(context)
    witness = Witness()
    project = replace(project, note=witness.note)
    try:
        with crew() as hands, progress(f"{name}: sealing, file") as told:
            environment = each.written(project, name, every=every)
            if isinstance(environment.backend, ExternalSecretsBackend):
                return external.seal(context, project, environment, environment.backend, request, waits=waits)
            sealed = seal(
                project,
                environment,
                request,
                steps.surroundings(project, ask=ask if sys.stdin.isatty() else None),
                witness,
                hands,
                tell=report.note,
                waiting=report.note if waits else None,
                progress=told,
                approve=approve or (lambda _: None),
                along=along,
            )
    except Stuck as error:
        plan = error.planned.plan
        report.say(steps.steps_text(name, plan, verbose=current.verbose), to_stderr=True)
        data = steps.plan_data(name, *steps.sizes(error.planned), plan) if current.json else {}
        return each.Outcome(error.exit_code, data, error)
    for warning in sealed.warnings:
        report.warn(f"{warning.secret}/{warning.key}: {warning.message} ({warning.id})")
    if sealed.days_left is not None and sealed.days_left <= EXPIRES_SOON:
        days = f"{sealed.days_left} day{'' if sealed.days_left == 1 else 's'}"
        report.warn(f"{name}: the certificate expires in {days}: sealgen cert fetch {name}")
    if report.is_heard():
        table = "" if approve else steps.steps_text(name, sealed.plan, verbose=current.verbose)
        report.say(table + steps.summary(name, sealed.secrets, sealed.keys, sealed.plan, done=True))
    then(sealed)
    return each.Outcome(0, _data(sealed) if current.json else {})


def _data(sealed: Sealed) -> dict[str, Any]:
    return {
        **steps.plan_data(sealed.environment, sealed.secrets, sealed.keys, sealed.plan),
        "certificate_days_left": sealed.days_left,
        "files": list(sealed.files),
        "warnings": [
            {"secret": warning.secret, "key": warning.key, "id": warning.id, "message": warning.message}
            for warning in sealed.warnings
        ],
    }
