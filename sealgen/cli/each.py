"""Running a command on each environment that was named: one result each, one exit code for all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import report
from sealgen.cli.abreast import abreast
from sealgen.cli.settings import chosen, settings
from sealgen.errors import SealgenError
from sealgen.overlay.state import rotation_of
from sealgen.overlay.transaction import pending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project

_RECOVER = ("seal", "rotate", "reencrypt")
"""The commands that deal with what an interrupted run left themselves."""


@dataclass(frozen=True)
class Outcome:
    """What a command found or did in one environment."""

    exit_code: int
    data: dict[str, Any]
    """For the JSON document; empty where none was asked for."""
    error: SealgenError | None = None
    """Why it ended before it was done, where there is a result all the same."""


class Skipped(Exception):  # noqa: N818  (a verdict, not a fault)
    """An environment is not one that the command is for; the text says why."""


def written(project: Project, name: str, *, every: bool) -> Environment:
    """Return an environment of which manifests are written; raises Skipped for a plain one where all were asked for."""
    from sealgen.config.backends import PlainBackend  # noqa: PLC0415

    found = project.environment(name)
    if every and isinstance(found.backend, PlainBackend):
        raise Skipped("nothing of a plain environment is sealed")
    return found


def sealed(project: Project, name: str, *, every: bool) -> Environment:
    """Return an environment of which something is sealed; raises Skipped for others where all were asked for."""
    from sealgen.config.external_secrets import ExternalSecretsBackend  # noqa: PLC0415

    found = written(project, name, every=every)
    if every and isinstance(found.backend, ExternalSecretsBackend):
        raise Skipped("nothing of an environment of External Secrets is sealed")
    return found


def environment(
    context: click.Context,
    command: str,
    names: tuple[str, ...],
    every: bool,
    run: Callable[[Project, str], Outcome],
    render: Callable[[Sequence[dict[str, Any]], Sequence[dict[str, Any]]], str] | None = None,
) -> int:
    """Run on each environment, go on after an error, print the envelope, and return the worst exit code.

    ``render`` makes another document of the results and errors, where one was asked for.
    Where all environments are asked for, those for which ``run`` raises Skipped are left out.
    """
    project = settings(context).project()
    results: list[dict[str, Any]] = []
    errors: list[dict[str, Any]] = []
    codes: list[int] = []

    def run_noting(name: str) -> Outcome:
        if command not in _RECOVER and (left := pending(project.root, name)):
            report.note(left)
        if command != "rotate" and os.path.lexists(rotation_of(project.root, name)):
            report.note(f"{name}: a rotation was begun and is not finished; go on with sealgen rotate {name} --resume")
        return run(project, name)

    for name, outcome in _outcomes(chosen(project, names, every=every), run_noting):
        codes.append(outcome.exit_code)
        failure = outcome if isinstance(outcome, SealgenError) else outcome.error
        if isinstance(outcome, Outcome):
            results.append(outcome.data)
        if failure is not None:
            errors.append(report.error_data(failure, name))
            if not settings(context).json:
                click.echo(report.error_text(failure), err=True)
    code = report.worst(codes)
    if settings(context).json:
        click.echo(report.envelope(command, code, results, errors))
    if render is not None:
        click.echo(render(results, errors), nl=False)
    return code


def _outcomes(names: Sequence[str], run: Callable[[str], Outcome]) -> Iterator[tuple[str, Outcome | SealgenError]]:
    """Run on the names, abreast where they are many; yield what came of each, but for those that are skipped."""

    def went_well(name: str) -> Outcome | None:
        outcome = run(name)
        return outcome if outcome.error is None else None

    with abreast(names, went_well) as told_of:
        for name in names:
            if told := told_of(name):
                click.echo(told.err, nl=False, err=True)
                click.echo(told.out, nl=False)
                yield name, told.outcome
                continue
            try:
                outcome: Outcome | SealgenError = run(name)
            except Skipped as skipped:
                report.note(f"{name}: skipped, as {skipped}")
                continue
            except SealgenError as error:
                outcome = error
            yield name, outcome
