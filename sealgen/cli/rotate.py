"""``sealgen rotate``: the next version of values, in every key that is made of them."""

from __future__ import annotations

import datetime as dt
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, plan, report, seal, steps
from sealgen.cli.settings import complete_environment, global_options, settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.reconcile.planning import Planned
    from sealgen.reconcile.putting import Push
    from sealgen.reconcile.request import Request


class _Declined(Exception):  # noqa: N818  (a person's wish, not a fault)
    """Somebody saw the plan and said no."""


@click.command("rotate")
@click.argument("name", metavar="ENV", shell_complete=complete_environment)
@click.argument("values", metavar="[VALUE]...", nargs=-1)
@click.option("--due", is_flag=True, help="Those that are older than their rotate_every.")
@click.option("--all", "all_", is_flag=True, help="All that are generated.")
@click.option("--finish", metavar="VALUE", multiple=True, help="No longer keep the version before; repeat for more.")
@click.option("--from-cluster", is_flag=True, help="Read back from the live Secrets what is needed beside them.")
@click.option("--print", "prints", is_flag=True, help="Only print the steps around it, as Markdown.")
@click.option("--execute", "executes", is_flag=True, help="Carry out the steps around it, too.")
@click.option("--resume", "later", flag_value="resume", help="Go on with steps that were begun.")
@click.option("--restart", "later", flag_value="restart", help="Begin them again, with yet another version.")
@click.option("--rollback", "later", flag_value="rollback", help="Undo the steps that were begun.")
@click.option("--abandon", "later", flag_value="abandon", help="Forget that they were begun.")
@click.option("--show-output", "shows", is_flag=True, help="Show what the programs of steps print, values masked.")
@click.option("--force", is_flag=True, help="Write entries of an operator's store too that are not sealgen's.")
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--no-wait", is_flag=True, help="Fail at once where another run holds the environment.")
@global_options
@click.pass_context
def command(context: click.Context, /, name: str, **given: Any) -> int:
    """Make the next version of values, and seal every key that is made of them again, in one transaction.

    All other ciphertexts stay as they are. At a terminal the plan is confirmed by a typed yes. Where a value has
    keep_previous, the ciphertext before is kept under that key until the next rotation, or --finish.

    Where a value has a rotation:, --execute seals it and then runs its steps one by one, each confirmed at a terminal;
    --resume goes on where a run ended.

    Exits 0 when it is done or nothing is due, 1 when a step failed, 10 for --dry-run or without a yes, 12 when a value
    is needed that can't be had here.
    """
    wish = _Wish(**given)
    asks = not wish.yes and report.is_heard() and sys.stdin.isatty()
    _check(wish, asks=asks)

    def run(project: Project, name: str) -> each.Outcome:
        try:
            return _carried_out(context, project, name, wish, asks=asks)
        except _Declined:
            report.say(f"{name}: nothing was written")
            return each.Outcome(10, {})

    return each.environment(context, "rotate", (name,), False, run)


@dataclass(frozen=True)
class _Wish:
    """What the command line says, by the names of its parameters."""

    values: tuple[str, ...]
    due: bool
    all_: bool
    finish: tuple[str, ...]
    from_cluster: bool
    prints: bool
    executes: bool
    later: str | None
    shows: bool
    force: bool
    dry_run: bool
    yes: bool
    no_wait: bool


def _check(wish: _Wish, *, asks: bool) -> None:
    """Raise UsageError for what doesn't go together."""
    named = bool(wish.values or wish.due or wish.all_)
    steps = wish.prints or wish.executes
    if wish.later and (named or wish.finish or steps or wish.dry_run):
        raise click.UsageError(f"--{wish.later} is about what was begun; leave all else to do out")
    if not wish.later and sum(map(bool, (wish.values, wish.due, wish.all_, wish.finish))) != 1:
        raise click.UsageError("name values, or say one of --due, --all and --finish VALUE")
    if steps and not named:
        raise click.UsageError("there are no steps around --finish; leave --print and --execute out")
    if wish.prints and wish.executes:
        raise click.UsageError("say --print or --execute, not both")
    runs = (wish.executes and not wish.dry_run) or wish.later in ("resume", "restart", "rollback")
    if runs and not (asks or wish.yes):
        raise click.UsageError("each step is confirmed, and nobody can answer here; --yes says it beforehand")


def _carried_out(context: click.Context, project: Project, name: str, wish: _Wish, *, asks: bool) -> each.Outcome:
    from sealgen.config.external_secrets import ExternalSecretsBackend  # noqa: PLC0415
    from sealgen.reconcile.request import Request  # noqa: PLC0415

    in_store = isinstance(project.environment(name).backend, ExternalSecretsBackend)
    if in_store:
        _check_in_store(name, wish)
    elif wish.force:
        raise click.UsageError("--force is for entries of a store that an operator reads; leave it out")
    if wish.later:
        return _with_steps(context, project, name, (), wish, asks=asks)
    chosen = _chosen(project, name, due=wish.due) if wish.due or wish.all_ else wish.values
    if not chosen and not wish.finish:
        report.say(f"{name}: nothing is due" if wish.due else f"{name}: nothing is generated")
        told = {"environment": name, "values" if in_store else "steps": []}
        return each.Outcome(0, told if settings(context).json else {})
    if wish.prints or wish.executes:
        return _with_steps(context, project, name, chosen, wish, asks=asks)
    if in_store:
        return _put(context, project, name, chosen, wish, asks=asks)
    request = Request(frozenset(chosen), frozenset(wish.finish), alone=True, from_cluster=wish.from_cluster)
    if wish.dry_run:
        return plan.show(context, project, name, request, every=False)
    return _rotated(context, project, name, request, asks=asks, waits=not wish.no_wait)


def _with_steps(
    context: click.Context, project: Project, name: str, values: Sequence[str], wish: _Wish, *, asks: bool
) -> each.Outcome:
    from sealgen.cli import runbook  # noqa: PLC0415  (most rotations run no step)

    if wish.prints:
        return runbook.print_page(context, project, name, values)
    confirm = partial(_confirm, name) if asks else None
    manner = runbook.Manner(asks, wish.shows, not wish.no_wait, wish.from_cluster, wish.force, confirm)
    if wish.later:
        return runbook.later(context, project, name, wish.later, manner)
    return (runbook.rehearse if wish.dry_run else runbook.execute)(context, project, name, values, manner)


def _rotated(
    context: click.Context, project: Project, name: str, request: Request, *, asks: bool, waits: bool
) -> each.Outcome:
    def approve(planned: Planned) -> None:
        report.say(steps.steps_text(name, planned.plan, verbose=settings(context).verbose).rstrip("\n"))
        if planned.plan.changes:
            _confirm(name)

    return seal.carry_out(context, project, name, request, every=False, waits=waits, approve=approve if asks else None)


def _confirm(name: str) -> None:
    """Ask for a typed yes; raises _Declined where it is none."""
    if not report.is_confirmed(f"{name}: rotate? Type yes:"):
        raise _Declined


def _check_in_store(name: str, wish: _Wish) -> None:
    """Raise ConfigurationError for what can't be where an operator reads the values from a store."""
    from sealgen.errors import ConfigurationError  # noqa: PLC0415

    given = {"--finish": wish.finish, "--from-cluster": wish.from_cluster}
    if option := next((option for option, value in given.items() if value), None):
        raise ConfigurationError(f"{name} is an environment of External Secrets: {option} is for what is sealed")
    if wish.later == "restart":
        raise ConfigurationError(
            f"{name} is an environment of External Secrets: its store has the next version, and no other is made",
            hint=f"Go on with that one: sealgen rotate {name} --resume",
        )


def _put(
    context: click.Context, project: Project, name: str, values: Sequence[str], wish: _Wish, *, asks: bool
) -> each.Outcome:
    """Put the next versions into the stores that an operator reads."""
    from sealgen.cli import put  # noqa: PLC0415
    from sealgen.reconcile import next_versions  # noqa: PLC0415

    _check_steps(name, [value for value in values if value in project.environment(name).runbooks], wish, asks=asks)
    around = steps.surroundings(project, ask=seal.ask if sys.stdin.isatty() else None)

    def prepare(environment: Environment) -> Push:
        return next_versions.prepare(environment, values, around, takes_over=wish.force)

    if wish.dry_run:
        return put.show(context, prepare(project.environment(name)), "rotate")
    approve = (lambda _: _confirm(name)) if asks else None
    return put.carry_out(context, project, name, prepare, "rotate", approve=approve, waits=not wish.no_wait)


def _check_steps(name: str, values: Sequence[str], wish: _Wish, *, asks: bool) -> None:
    """Tell of the steps around these values: no review is between the store and the cluster.

    Raises ConfigurationError where nobody has said that they are taken otherwise.
    """
    from sealgen.errors import ConfigurationError  # noqa: PLC0415

    if not values:
        return
    told = f"{name}: there are steps around {', '.join(values)}, and the operator does not wait for them"
    if wish.dry_run or wish.yes or asks:
        report.note(told)
        return
    command = f"sealgen rotate {name} {' '.join(values)}"
    raise ConfigurationError(
        told, hint=f"Carry them out: {command} --execute; or do it by hand: {command} --print, and --yes"
    )


def _chosen(project: Project, name: str, *, due: bool) -> list[str]:
    """Return the values that are made here, and due or not; what is due and made elsewhere is told."""
    from sealgen.reconcile import scheduled  # noqa: PLC0415
    from sealgen.values.kept import is_rotatable  # noqa: PLC0415

    environment = project.environment(name)
    if not due:
        used = (environment.values[value] for value in scheduled.used(project, environment))
        return [value.name for value in used if value.source.kind == "generate" and value.operator is None]
    found = scheduled.due(project, environment, dt.datetime.now(dt.UTC).date())
    for value in found:
        source = environment.values[value].source
        if not is_rotatable(source):
            report.note(f"{name}: {value} is due, and is read ({source.kind}); change it there")
    return [value for value in found if is_rotatable(environment.values[value].source)]
