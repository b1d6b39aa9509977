"""What ``sealgen rotate`` does with the steps around a rotation: print them, carry them out, go on, undo them."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from sealgen.cli import each, plan, report, runbook_steps, seal, steps
from sealgen.cli.runbook_steps import Person
from sealgen.cli.settings import settings
from sealgen.errors import CannotTell, SealgenError
from sealgen.execution import beginning
from sealgen.execution.record import held
from sealgen.reconcile.request import Request
from sealgen.rotation.page import page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.execution.rotation import Ended, Execution
    from sealgen.reconcile.planning import Planned
    from sealgen.values.source import Parts, Surroundings


class _Interrupted(SealgenError):  # noqa: N818  (a person's wish, not a fault)
    exit_code = 130


@dataclass(frozen=True)
class Manner:
    """How steps are carried out."""

    asks: bool
    """Whether a person is asked before each."""
    shows: bool
    """Whether what programs print is shown."""
    waits: bool
    """Whether to wait for another run that holds the environment."""
    from_cluster: bool
    """Whether what is needed for sealing may be read back from the live Secrets."""
    confirm: Callable[[], None] | None
    """Has a person confirm all of it, and may raise what ends the run; None where that was said beforehand."""


def print_page(context: click.Context, project: Project, name: str, values: Sequence[str]) -> each.Outcome:
    """Print the procedure as Markdown."""
    environment = project.environment(name)
    surveyed = beginning.checked(project, environment, values)
    todo = beginning.procedure_of(environment, values)
    uses = {f"{secret.name}/{key}": made.values for secret in surveyed.desired for key, made in secret.keys.items()}
    keys = {value: [place for place, used in uses.items() if value in used] for value in values}
    if not settings(context).json:
        click.echo(page(name, keys, todo, environment.cluster.context), nl=False)
    return each.Outcome(0, {"environment": name, "values": list(values), "procedure": runbook_steps.data(todo)})


def rehearse(
    context: click.Context, project: Project, name: str, values: Sequence[str], manner: Manner
) -> each.Outcome:
    """Show the plan and the steps, and do nothing."""
    todo = beginning.procedure_of(project.environment(name), values)
    request = Request(frozenset(values), from_cluster=manner.from_cluster)
    outcome = plan.show(context, project, name, request, every=False)
    report.say(runbook_steps.overview(todo))
    return replace(outcome, data={**outcome.data, "procedure": runbook_steps.data(todo)} if outcome.data else {})


def execute(
    context: click.Context,
    project: Project,
    name: str,
    values: Sequence[str],
    manner: Manner,
    *,
    anew: bool = False,
) -> each.Outcome:
    """Seal the next version, and carry out the steps around it; ``anew`` where that was begun before."""
    environment = project.environment(name)
    made: dict[str, Parts] = {}
    with held(project.root, name) as record:
        begun = beginning.begin(project, environment, values, record, _around(project), report.note, anew=anew)
        for problem in begun.unavailable:
            report.note(f"{name}: not all can be rolled back, as {problem}")

        def approve(planned: Planned) -> None:
            report.say(steps.steps_text(name, planned.plan, verbose=settings(context).verbose).rstrip("\n"))
            report.say(runbook_steps.overview(begun.steps))
            if manner.confirm is not None:
                manner.confirm()
            begun.note(planned)

        sealed = seal.carry_out(
            context,
            project,
            name,
            Request(frozenset(values), from_cluster=manner.from_cluster),
            every=False,
            waits=manner.waits,
            approve=approve,
            then=lambda sealed: made.update(sealed.made),
        )
        if sealed.exit_code:
            return sealed
        outcome = _carried_on(context, name, values, begun.execution(made, os.environ), manner)
        return each.Outcome(outcome.exit_code, {**sealed.data, **outcome.data}, outcome.error)


def later(context: click.Context, project: Project, name: str, what: str, manner: Manner) -> each.Outcome:
    """Deal with a rotation that was begun: ``resume``, ``restart``, ``rollback`` or ``abandon`` it."""
    environment = project.environment(name)
    if what == "abandon":
        return _abandoned(project, environment)
    if what == "restart":
        with held(project.root, name) as record:
            journal = record.read()
        if journal is None:
            return _nothing(name)
        return execute(context, project, name, tuple(journal.values), manner, anew=True)
    with held(project.root, name) as record:
        found = beginning.resume(project, environment, record, _around(project), os.environ, report.note)
        if found is None:
            return _nothing(name)
        go = _carried_on if what == "resume" else _rolled_back
        return go(context, name, *found, manner)


def _abandoned(project: Project, environment: Environment) -> each.Outcome:
    """Drop the journal of a rotation that was begun."""
    name = environment.name
    with held(project.root, name) as record:
        beginning.recover(project, environment, report.note)
        journal = record.read()
        if journal is None:
            return _nothing(name)
        record.forget()
    report.say(f"{name}: the rotation of {', '.join(journal.values)} is given up; {_SEALED}")
    return each.Outcome(0, {"environment": name, "values": list(journal.values)})


_SEALED = "the new version stays sealed in the work tree: restore the lock and the overlay from Git to have the old one"


def _nothing(name: str) -> each.Outcome:
    report.say(f"{name}: no rotation was begun")
    return each.Outcome(0, {"environment": name, "values": []})


def _around(project: Project) -> Surroundings:
    return steps.surroundings(project, ask=seal.ask if sys.stdin.isatty() else None)


# --- carrying out ---


def _carried_on(
    context: click.Context, name: str, values: Sequence[str], execution: Execution, manner: Manner
) -> each.Outcome:
    with _interruption(name):
        ended = execution.carry_on(_person(name, execution, manner))
    if ended.rolling_back:
        return _rolled_back(context, name, values, execution, manner)
    outcome = _outcome(context, name, values, execution, ended)
    if ended.at is None:
        report.say(f"{name}: {', '.join(values)} rotated, {report.count(len(execution.steps), 'step')} done")
    return outcome


def _rolled_back(
    context: click.Context, name: str, values: Sequence[str], execution: Execution, manner: Manner
) -> each.Outcome:
    with _interruption(name):
        ended = execution.roll_back(_person(name, execution, manner))
    outcome = _outcome(context, name, values, execution, ended)
    if ended.at is None:
        report.say(f"{name}: the rotation of {', '.join(values)} is rolled back; {_SEALED}")
    return outcome


def _outcome(
    context: click.Context, name: str, values: Sequence[str], execution: Execution, ended: Ended
) -> each.Outcome:
    entries = execution.journal.entries
    data = {"environment": name, "values": list(values), "procedure": runbook_steps.data(execution.steps, entries)}
    if not settings(context).json:
        data = {}
    if ended.at is None:
        return each.Outcome(0, data)
    where = f"step {ended.at + 1} of {len(entries)}"
    if ended.error is None:
        report.say(f"{name}: stopped at {where}. {beginning.ways_on(name)}")
        return each.Outcome(10, data)
    kind = CannotTell if isinstance(ended.error, CannotTell) else SealgenError
    error = kind(f"{name}: {where} failed: {ended.error.message}", hint=beginning.ways_on(name))
    return each.Outcome(error.exit_code, data, error)


def _person(name: str, execution: Execution, manner: Manner) -> Person:
    return Person(name, len(execution.steps), asks=manner.asks, shows=manner.shows)


@contextlib.contextmanager
def _interruption(name: str) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        raise _Interrupted(f"{name}: interrupted", hint=beginning.ways_on(name)) from None
