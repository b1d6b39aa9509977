"""Running a command on each environment that was named: one result each, one exit code for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import report
from sealgen.cli.settings import chosen, settings
from sealgen.errors import SealgenError
from sealgen.overlay.transaction import pending

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project


@dataclass(frozen=True)
class Outcome:
    """What a command found or did in one environment."""

    exit_code: int
    data: dict[str, Any]
    error: SealgenError | None = None
    """Why it ended before it was done, where there is a result all the same."""


class Skipped(Exception):  # noqa: N818  (a verdict, not a fault)
    """An environment is not one that the command is for; the text says why."""


def sealed(project: Project, name: str, *, every: bool) -> Environment:
    """Return an environment; raises Skipped for a plain one where all were asked for."""
    from sealgen.config.environment import PlainBackend  # noqa: PLC0415

    found = project.environment(name)
    if every and isinstance(found.backend, PlainBackend):
        raise Skipped("nothing of a plain environment is sealed")
    return found


def environment(
    context: click.Context,
    command: str,
    names: tuple[str, ...],
    every: bool,
    run: Callable[[Project, str], Outcome],
) -> int:
    """Run on each environment, go on after an error, print the envelope, and return the worst exit code.

    Where all environments are asked for, those for which ``run`` raises Skipped are left out.
    """
    project = settings(context).project()
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    codes: list[int] = []
    for name in chosen(project, names, every=every):
        try:
            if command != "seal" and (left := pending(project.root, name)):
                report.note(left)
            outcome = run(project, name)
        except Skipped as skipped:
            report.note(f"{name}: skipped, as {skipped}")
            continue
        except SealgenError as error:
            failure: SealgenError | None = error
            codes.append(error.exit_code)
        else:
            failure = outcome.error
            codes.append(outcome.exit_code)
            results.append(outcome.data)
        if failure is not None:
            errors.append(report.error_data(failure, name))
            if not settings(context).json:
                click.echo(report.error_text(failure), err=True)
    code = report.worst(codes)
    if settings(context).json:
        click.echo(report.envelope(command, code, results, errors))
    return code
