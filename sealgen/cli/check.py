"""``sealgen check``: what can be proven without any plaintext."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, report
from sealgen.cli.settings import environments, global_options
from sealgen.errors import printable

if TYPE_CHECKING:
    from sealgen.config.project import Project
    from sealgen.reconcile.checks import Checked, Finding


@click.command("check")
@environments
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], every: bool) -> int:
    """Prove what can be proven offline, without any plaintext or key.

    Exits 0 when nothing is wrong, 11 for findings. What could not be proven is said.
    """
    from sealgen.reconcile.checks import check  # noqa: PLC0415

    now = dt.datetime.now(dt.UTC)

    def run(project: Project, name: str) -> each.Outcome:
        checked = check(project, project.environment(name), now)
        for finding in checked.findings:
            report.wrong(_finding(finding))
        report.say(_summary(checked))
        return each.Outcome(11 if checked.failed else 0, _data(checked))

    return each.environment(context, "check", names, every, run)


def _finding(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    colour = "red" if finding.severity == "error" else "yellow"
    word = click.style(f"{finding.severity}:", fg=colour, bold=True)
    return f"{word} {printable(f'{place}: {finding.message}')} [{finding.id}]"


def _summary(checked: Checked) -> str:
    secrets, keys = report.count(checked.secrets, "secret"), report.count(checked.keys, "key")
    told = report.count(len(checked.findings), "finding") if checked.findings else "nothing wrong"
    lines = [f"{checked.environment}: {secrets}, {keys}, {told}"]
    lines.extend(f"  not proven: {printable(text)}" for text in checked.unproven)
    return "\n".join(lines)


def _data(checked: Checked) -> dict[str, Any]:
    return {
        "environment": checked.environment,
        "secrets": checked.secrets,
        "keys": checked.keys,
        "findings": [
            {
                "id": finding.id,
                "severity": str(finding.severity),
                "file": finding.file,
                "line": finding.line,
                "message": finding.message,
            }
            for finding in checked.findings
        ],
        "unproven": list(checked.unproven),
    }
