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


def environment(
    context: click.Context,
    command: str,
    names: tuple[str, ...],
    every: bool,
    run: Callable[[Project, Environment], Outcome],
    backend: type[object] = object,
) -> int:
    """Run on each environment, go on after an error, print the envelope, and return the worst exit code.

    ``backend`` is what the command works on: where all environments are asked for, those with another are skipped.
    """
    project = settings(context).project()
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    codes: list[int] = []
    for name in chosen(project, names, every=every):
        try:
            if command != "seal" and (left := pending(project.root, name)):
                report.note(left)
            found = project.environment(name)
            if every and not isinstance(found.backend, backend):
                report.note(f"{name}: skipped, as nothing of a plain environment is sealed")
                continue
            outcome = run(project, found)
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
