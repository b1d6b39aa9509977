"""What ``sealgen rotate`` does with the steps around a rotation: print them, carry them out, go on, undo them."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from sealgen.cli import each, plan, put, report, runbook_steps, seal, steps
from sealgen.cli.runbook_steps import Person
from sealgen.cli.settings import settings
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import CannotTell, SealgenError
from sealgen.execution import beginning
from sealgen.execution.origins import origin_of, remains, ways_on
from sealgen.execution.record import held
from sealgen.reconcile import next_versions
from sealgen.reconcile.request import Request
from sealgen.rotation.journal import Versions
from sealgen.rotation.page import page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.execution.beginning import Beginning
    from sealgen.execution.rotation import Ended, Execution
    from sealgen.reconcile.planning import Planned
    from sealgen.reconcile.putting import Push
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
    takes_over: bool
    """Whether entries of a store may be written that are not sealgen's."""
    confirm: Callable[[], None] | None
    """Has a person confirm all of it, and may raise what ends the run; None where that was said beforehand."""


def print_page(context: click.Context, project: Project, name: str, values: Sequence[str]) -> each.Outcome:
    """Print the procedure as Markdown."""
    environment = project.environment(name)
    origin = origin_of(project, environment, _around(project))
    origin.check(values)
    todo = beginning.procedure_of(environment, values)
    keys = {value: origin.keys(value) for value in values}
    if not settings(context).json:
        in_store = isinstance(environment.backend, ExternalSecretsBackend)
        click.echo(page(name, keys, todo, environment.cluster.context, in_store=in_store), nl=False)
    return each.Outcome(0, {"environment": name, "values": list(values), "procedure": runbook_steps.data(todo)})


def rehearse(
    context: click.Context, project: Project, name: str, values: Sequence[str], manner: Manner
) -> each.Outcome:
    """Show the plan and the steps, and do nothing."""
    environment = project.environment(name)
    todo = beginning.procedure_of(environment, values)
    if isinstance(environment.backend, ExternalSecretsBackend):
        push = next_versions.prepare(environment, values, _around(project), takes_over=manner.takes_over)
        outcome = put.show(context, push, "rotate")
    else:
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
    """Make the next version, and carry out the steps around it; ``anew`` where that was begun before."""
    environment = project.environment(name)
    made: dict[str, Parts] = {}
    with held(project.root, name) as record:
        begun = beginning.begin(project, environment, values, record, _around(project), report.note, anew=anew)
        for problem in begun.unavailable:
            report.note(f"{name}: not all can be rolled back, as {problem}")
        make = _put if isinstance(environment.backend, ExternalSecretsBackend) else _sealed
        outcome = make(context, project, begun, manner, made)
        if outcome.exit_code:
            return outcome
        carried_on = _carried_on(context, environment, values, begun.execution(made, os.environ), manner)
        return each.Outcome(carried_on.exit_code, {**outcome.data, **carried_on.data}, carried_on.error)


def _sealed(
    context: click.Context, project: Project, begun: Beginning, manner: Manner, made: dict[str, Parts]
) -> each.Outcome:
    """Seal the next versions, and note in ``made`` which they are."""
    name = begun.origin.environment.name

    def approve(planned: Planned) -> None:
        report.say(steps.steps_text(name, planned.plan, verbose=settings(context).verbose).rstrip("\n"))
        locked = planned.survey.lock.values
        before = {value: locked[value].version if value in locked else None for value in begun.values}
        _approved(begun, manner, {value: Versions(before[value], planned.plan.versions[value]) for value in before})

    return seal.carry_out(
        context,
        project,
        name,
        Request(frozenset(begun.values), from_cluster=manner.from_cluster),
        every=False,
        waits=manner.waits,
        approve=approve,
        then=lambda sealed: made.update(sealed.made),
    )


def _put(
    context: click.Context, project: Project, begun: Beginning, manner: Manner, made: dict[str, Parts]
) -> each.Outcome:
    """Put the next versions into the store that an operator reads, and note in ``made`` which they are."""
    environment = begun.origin.environment
    around = _around(project)

    def prepare(environment: Environment) -> Push:
        return next_versions.prepare(environment, begun.values, around, takes_over=manner.takes_over)

    def approve(push: Push) -> None:
        _approved(begun, manner, {value: Versions(None, None) for value in begun.values})
        made.update(next_versions.made(environment, push))

    return put.carry_out(context, project, environment.name, prepare, "rotate", approve=approve, waits=manner.waits)


def _approved(begun: Beginning, manner: Manner, versions: Mapping[str, Versions]) -> None:
    """Show the steps, have all of it confirmed, and note it in the journal."""
    report.say(runbook_steps.overview(begun.steps))
    if manner.confirm is not None:
        manner.confirm()
    begun.note(versions)


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
        return go(context, environment, *found, manner)


def _abandoned(project: Project, environment: Environment) -> each.Outcome:
    """Drop the journal of a rotation that was begun."""
    name = environment.name
    with held(project.root, name) as record:
        beginning.recover(project, environment, report.note)
        journal = record.read()
        if journal is None:
            return _nothing(name)
        record.forget()
    report.say(f"{name}: the rotation of {', '.join(journal.values)} is given up; {remains(environment)}")
    return each.Outcome(0, {"environment": name, "values": list(journal.values)})


def _nothing(name: str) -> each.Outcome:
    report.say(f"{name}: no rotation was begun")
    return each.Outcome(0, {"environment": name, "values": []})


def _around(project: Project) -> Surroundings:
    return steps.surroundings(project, ask=seal.ask if sys.stdin.isatty() else None)


# --- carrying out ---


def _carried_on(
    context: click.Context, environment: Environment, values: Sequence[str], execution: Execution, manner: Manner
) -> each.Outcome:
    with _interruption(environment):
        ended = execution.carry_on(_person(environment.name, execution, manner))
    if ended.rolling_back:
        return _rolled_back(context, environment, values, execution, manner)
    outcome = _outcome(context, environment, values, execution, ended)
    if ended.at is None:
        report.say(
            f"{environment.name}: {', '.join(values)} rotated, {report.count(len(execution.steps), 'step')} done"
        )
    return outcome


def _rolled_back(
    context: click.Context, environment: Environment, values: Sequence[str], execution: Execution, manner: Manner
) -> each.Outcome:
    with _interruption(environment):
        ended = execution.roll_back(_person(environment.name, execution, manner))
    outcome = _outcome(context, environment, values, execution, ended)
    if ended.at is None:
        report.say(f"{environment.name}: the rotation of {', '.join(values)} is rolled back; {remains(environment)}")
    return outcome


def _outcome(
    context: click.Context, environment: Environment, values: Sequence[str], execution: Execution, ended: Ended
) -> each.Outcome:
    name, entries = environment.name, execution.journal.entries
    data = {"environment": name, "values": list(values), "procedure": runbook_steps.data(execution.steps, entries)}
    if not settings(context).json:
        data = {}
    if ended.at is None:
        return each.Outcome(0, data)
    where = f"step {ended.at + 1} of {len(entries)}"
    if ended.error is None:
        report.say(f"{name}: stopped at {where}. {ways_on(environment)}")
        return each.Outcome(10, data)
    kind = CannotTell if isinstance(ended.error, CannotTell) else SealgenError
    error = kind(f"{name}: {where} failed: {ended.error.message}", hint=ways_on(environment))
    return each.Outcome(error.exit_code, data, error)


def _person(name: str, execution: Execution, manner: Manner) -> Person:
    return Person(name, len(execution.steps), asks=manner.asks, shows=manner.shows)


@contextlib.contextmanager
def _interruption(environment: Environment) -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, click.Abort):
        raise _Interrupted(f"{environment.name}: interrupted", hint=ways_on(environment)) from None
