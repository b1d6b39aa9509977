"""``sealgen verify``: whether the controller can open what is sealed, and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, findings, report
from sealgen.cli.progress import progress
from sealgen.cli.settings import environments, global_options

if TYPE_CHECKING:
    from sealgen.config.project import Project
    from sealgen.reconcile.verification import Verified


@click.command("verify")
@environments
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], every: bool) -> int:
    """Ask the cluster's controller whether it can open what is in the overlay, without applying it.

    For what it can't open, the likely cause is named, by the manifest and the lock. Exits 0 when all can be opened,
    11 for findings, 12 where the controller does not say. It answers few questions a second.
    """

    def run(project: Project, name: str) -> each.Outcome:
        from sealgen.cluster.of_environment import cluster_of, controller_of  # noqa: PLC0415
        from sealgen.reconcile.planning import sealed_secrets_backend  # noqa: PLC0415
        from sealgen.reconcile.verification import verify  # noqa: PLC0415

        environment = each.sealed(project, name, every=every)
        sealed_secrets_backend(environment)
        controller = controller_of(cluster_of(project, environment.cluster), environment.cluster)
        with progress(f"{name}: asking the controller, SealedSecret") as told:
            verified = verify(project, environment, controller, told)
        for finding in verified.findings:
            report.wrong(findings.text(finding))
        report.say(_summary(verified))
        return each.Outcome(11 if verified.findings else 0, _data(verified))

    return each.environment(context, "verify", names, every, run)


def _summary(verified: Verified) -> str:
    secrets, keys = report.count(verified.secrets, "SealedSecret"), report.count(verified.keys, "key")
    told = report.count(len(verified.findings), "finding") if verified.findings else "the controller can open all"
    return f"{verified.environment}: {secrets}, {keys}, {told}"


def _data(verified: Verified) -> dict[str, Any]:
    return {
        "environment": verified.environment,
        "secrets": verified.secrets,
        "keys": verified.keys,
        "findings": [findings.data(finding) for finding in verified.findings],
    }
