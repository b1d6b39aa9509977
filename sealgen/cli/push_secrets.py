"""``sealgen push --push-secrets``: PushSecrets for kubectl, in the place of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, report
from sealgen.cli.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.config.project import Project
    from sealgen.reconcile.push_secrets import PushSecrets


def run(context: click.Context, project: Project, name: str, values: Sequence[str]) -> each.Outcome:
    """Print the PushSecrets of an environment's values, or the reasons why some can't be put so."""
    from sealgen.kubernetes.push_secret import to_yaml  # noqa: PLC0415
    from sealgen.reconcile.push_secrets import Stuck, push_secrets  # noqa: PLC0415

    pushes = push_secrets(project, project.environment(name), values)
    if pushes.stuck:
        report.say(_table(pushes), to_stderr=True)
        return each.Outcome(12, _data(pushes, ""), Stuck(pushes))
    manifests = "".join(map(to_yaml, pushes.manifests))
    if not settings(context).json:
        click.echo(manifests.encode(), nl=False)  # UTF-8, whatever the terminal speaks: it is YAML
    if not manifests:
        report.note(f"{name}: there is no value that the operator would put")
    return each.Outcome(0, _data(pushes, manifests))


def _table(pushes: PushSecrets) -> str:
    rows = [(row.value, row.place.kind, row.place.part.entry.name, row.reason) for row in pushes.rows if row.reason]
    style: dict[str, Any] = {"fg": "yellow", "bold": True}
    table = report.table(("value", "store", "entry", "reason"), rows, [style] * len(rows))
    return f"{click.style(pushes.environment, bold=True)}\n{table}"


def _data(pushes: PushSecrets, manifests: str) -> dict[str, Any]:
    return {
        "environment": pushes.environment,
        "values": [
            {
                "value": row.value,
                "store": row.place.kind,
                "entry": row.place.part.entry.name,
                "property": list(row.place.part.property),
                "secrets": list(row.secrets),
                "reason": row.reason or None,
            }
            for row in pushes.rows
        ],
        "manifests": manifests,
    }
