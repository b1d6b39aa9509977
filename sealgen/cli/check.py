"""``sealgen check``: what can be proven without any plaintext."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import click

from sealgen import git
from sealgen.cli import each, report
from sealgen.cli.settings import chosen, environments, global_options, settings
from sealgen.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgen.checks.checked import Checked
    from sealgen.checks.finding import Finding
    from sealgen.config.project import Project

FORMATS = ("text", "json", "markdown", "github", "sarif", "gitlab")
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.command("check")
@environments
@click.option("--history", is_flag=True, help="Look for plaintexts in all of Git's history too.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default=None, help="Default: text.")
@click.option("--list", "listing", is_flag=True, help="Print every check there is, and check nothing.")
@click.option("--gitleaks", is_flag=True, help="Print a gitleaks configuration that allows what is sealed.")
@global_options
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    every: bool,
    history: bool,
    format_: str | None,
    listing: bool,
    gitleaks: bool,
) -> int:
    """Prove what can be proven offline, without any plaintext or key.

    Exits 0 when nothing is wrong, 11 for findings that are errors. What could not be proven is said. A comment on the
    line concerned silences a check: # sealgen: ignore[ID] REASON.
    """
    if format_ == "json":
        settings(context).json = True
    if listing:
        return _list(context)
    project = settings(context).project()
    if gitleaks:
        return _gitleaks(project, chosen(project, names, every=every))
    return _check(context, project, names, every=every, history=history, format_=format_)


def _list(context: click.Context) -> int:
    from sealgen.checks.registry import CHECKS, PAGE  # noqa: PLC0415
    from sealgen.checks.reporting import listed  # noqa: PLC0415

    if settings(context).json:
        click.echo(report.envelope("check", 0, listed()))
        return 0
    rows = [(check.id, check.severity, check.sentence) for check in CHECKS.values()]
    styles = [{"fg": _COLOURS[check.severity]} for check in CHECKS.values()]
    click.echo(report.table(("check", "severity", "finds"), rows, styles))
    report.say(f"Each has a section in {PAGE}.")
    return 0


def _gitleaks(project: Project, names: Sequence[str]) -> int:
    from sealgen.checks.gitleaks import configuration  # noqa: PLC0415
    from sealgen.config.backends import SealedSecretsBackend  # noqa: PLC0415

    found = map(project.environment, names)
    outputs = [str(each_.output) for each_ in found if isinstance(each_.backend, SealedSecretsBackend)]
    click.echo(configuration(outputs), nl=False)
    return 0


def _check(
    context: click.Context,
    project: Project,
    names: tuple[str, ...],
    *,
    every: bool,
    history: bool,
    format_: str | None,
) -> int:
    from sealgen.checks.across import across  # noqa: PLC0415
    from sealgen.checks.checked import check  # noqa: PLC0415
    from sealgen.checks.reporting import data  # noqa: PLC0415
    from sealgen.checks.repository import look  # noqa: PLC0415

    now = dt.datetime.now(dt.UTC)
    every_name = chosen(project, names, every=every)
    repository = look(project, history=history)
    compared = across(project, every_name)

    def run(project: Project, name: str) -> each.Outcome:
        # What is of the repository is told once.
        around = repository if name == every_name[0] else repository.of_another()
        checked = check(project, name, now, around, compared.get(name, ()))
        if format_ in (None, "text"):
            _print(checked, verbose=settings(context).verbose)
        return each.Outcome(11 if checked.failed else 0, data(checked))

    return each.environment(context, "check", names, every, run, _renderer(format_, git.folder(project.root)))


def _renderer(format_: str | None, folder: str) -> Callable[..., str] | None:
    if format_ in (None, "text", "json"):
        return None

    def render(results: Sequence[dict[str, Any]], errors: Sequence[dict[str, Any]]) -> str:
        from sealgen.checks import reporting  # noqa: PLC0415
        from sealgen.formats import FORMATS as RENDERERS  # noqa: PLC0415

        return RENDERERS[format_](reporting.report(results, errors).below(folder))

    return render


def _print(checked: Checked, *, verbose: bool) -> None:
    for finding in checked.findings:
        report.wrong(_finding(finding))
    report.say(_summary(checked))
    for ignored in checked.ignored if verbose else ():
        report.say(
            f"  ignored: {printable(f'{ignored.finding.place}: {ignored.finding.message}')} "
            f"[{ignored.finding.id}]: {printable(ignored.reason)}"
        )
    if verbose and checked.entropy:
        told = ", ".join(f"{name} {bits} bits" for name, bits in sorted(checked.entropy.items()))
        report.say(f"  entropy: {told}")


def _finding(finding: Finding) -> str:
    word = click.style(f"{finding.severity}:", fg=_COLOURS[finding.severity], bold=True)
    return f"{word} {printable(f'{finding.place}: {finding.message}')} [{finding.id}]"


def _summary(checked: Checked) -> str:
    secrets, keys = report.count(checked.secrets, "secret"), report.count(checked.keys, "key")
    told = report.count(len(checked.findings), "finding") if checked.findings else "nothing wrong"
    if checked.ignored:
        told += f", {len(checked.ignored)} ignored"
    lines = [f"{checked.environment}: {secrets}, {keys}, {told}"]
    lines.extend(f"  not proven: {printable(text)}" for text in checked.unproven)
    return "\n".join(lines)
