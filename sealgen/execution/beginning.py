"""How a rotation begins, and goes on after a run that ended in the middle of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, SealgenError
from sealgen.execution.plaintexts import Plaintexts, places_before, wanted_by
from sealgen.execution.rotation import Execution
from sealgen.execution.surroundings import environ_of
from sealgen.overlay import transaction
from sealgen.reconcile.planning import check_rotatable, sealed_secrets_backend
from sealgen.reconcile.survey import survey, written_to
from sealgen.rotation.journal import Journal, Versions, fresh
from sealgen.rotation.procedure import procedure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.execution.record import Record
    from sealgen.reconcile.planning import Planned
    from sealgen.reconcile.survey import Survey
    from sealgen.rotation.journal import Before
    from sealgen.rotation.runbook import Runbook
    from sealgen.values.source import Parts, Surroundings


def procedure_of(environment: Environment, values: Sequence[str]) -> Runbook:
    """Return the steps around the next version of these values; raises ConfigurationError where there are none."""
    books = [environment.runbooks[value] for value in values if value in environment.runbooks]
    if not books:
        names = ", ".join(f"'{value}'" for value in values)
        raise ConfigurationError(
            f"{environment.name} has no rotation: for {names}, so that there are no steps",
            hint="Rotate without --execute and --print, or write down the steps (docs/rotation.md).",
        )
    return procedure(books)


def checked(project: Project, environment: Environment, values: Sequence[str]) -> Survey:
    """Return the survey of an environment in which these values can be rotated; raises ConfigurationError."""
    sealed_secrets_backend(environment)
    surveyed = survey(project, environment)
    check_rotatable(environment, frozenset(values), surveyed.values)
    return surveyed


@dataclass(frozen=True)
class Beginning:
    """A rotation that was not begun yet, with all that its steps read but the new versions."""

    project: Project
    environment: Environment
    values: Sequence[str]
    steps: Runbook
    plaintexts: Plaintexts
    before: tuple[Before, ...]
    record: Record
    unavailable: tuple[str, ...]
    """What rollbacks need and can't have, and why."""

    def note(self, planned: Planned) -> None:
        """Write the journal, before anything of the plan is written."""
        locked = planned.survey.lock.values
        self.record.write(
            Journal(
                {
                    name: Versions(locked[name].version if name in locked else None, planned.plan.versions[name])
                    for name in self.values
                },
                self.before,
                fresh(self.steps),
            )
        )

    def execution(self, made: Mapping[str, Parts], environ: Mapping[str, str]) -> Execution:
        """Return the execution of the steps once the values are ``made`` and sealed; ``environ`` is this process's."""
        self.plaintexts.take(made)
        journal = self.record.read()
        assert journal is not None  # noqa: S101  (``note`` has written it)
        return _execution(self.project, self.environment, self.steps, self.plaintexts, self.record, journal, environ)


def begin(
    project: Project,
    environment: Environment,
    values: Sequence[str],
    record: Record,
    surroundings: Surroundings,
    tell: Callable[[str], None],
    *,
    anew: bool = False,
) -> Beginning:
    """Read what the steps need beside the new versions, before anything is changed.

    ``anew`` is for values whose rotation was begun: the version before the first try is still known. Raises CannotTell
    where something that a step needs can't be had, and SealgenError where another rotation is not finished.
    """
    name = environment.name
    recover(project, environment, tell)
    surveyed = checked(project, environment, values)
    steps = procedure_of(environment, values)
    earlier = unfinished(record, surveyed)
    if earlier is not None and not anew:
        raise SealgenError(
            f"{name}: the rotation of {', '.join(earlier.values)} was begun and is not finished",
            hint=ways_on(name),
        )
    needed, undoing = wanted_by(steps)
    before = places_before(surveyed, [*needed, *undoing], earlier)
    plaintexts = Plaintexts(project, surveyed, surroundings, before)
    needed, undoing = ([ref for ref in wanted if ref.value not in values] for wanted in (needed, undoing))
    plaintexts.read([*needed, *undoing])
    try:
        plaintexts.require(needed)
    except SealgenError as error:
        error.message = f"{name}: {error.message}; nothing was changed"
        raise
    unavailable = tuple(plaintexts.missing(undoing))
    return Beginning(project, environment, values, steps, plaintexts, before, record, unavailable)


def ways_on(environment: str) -> str:
    """Say what can be done about a rotation that is not finished."""
    command = f"sealgen rotate {environment}"
    return (
        f"Go on with it: {command} --resume; begin it again with another version: {command} --restart; "
        f"undo what was done: {command} --rollback; or give it up: {command} --abandon"
    )


def recover(project: Project, environment: Environment, tell: Callable[[str], None]) -> None:
    """Finish what a run left that was interrupted while it sealed; ``tell`` is told of it."""
    with transaction.exclusive(project.root, environment.name, written_to(environment), tell) as run:
        if run.recovered:
            tell(run.recovered)


def unfinished(record: Record, surveyed: Survey) -> Journal | None:
    """Return the journal of a rotation that was begun; one that ended before anything was sealed is dropped."""
    journal = record.read()
    if journal is None:
        return None
    locked = {name: value.version for name, value in surveyed.lock.values.items()}
    if all(locked.get(name) == versions.before for name, versions in journal.values.items()):
        record.forget()
        return None
    return journal


def resume(
    project: Project,
    environment: Environment,
    record: Record,
    surroundings: Surroundings,
    environ: Mapping[str, str],
    tell: Callable[[str], None],
) -> tuple[tuple[str, ...], Execution] | None:
    """Return the values of a rotation that was begun, and the execution that goes on with it; None where none was.

    Raises SealgenError where the lock or the steps are no longer those that it began with.
    """
    recover(project, environment, tell)
    surveyed = survey(project, environment)
    journal = unfinished(record, surveyed)
    if journal is None:
        return None
    values = tuple(journal.values)
    checked(project, environment, values)
    for name, versions in journal.values.items():
        now = surveyed.lock.values[name].version if name in surveyed.lock.values else None
        if now != versions.after:
            raise SealgenError(
                f"{environment.name}: {name} is another version now than the one that was rotated to",
                hint=f"Somebody sealed it again. {ways_on(environment.name)}",
            )
    steps = procedure_of(environment, values)
    following = journal.following(steps)
    if following is None:
        raise SealgenError(
            f"{environment.name}: a step that was done is no longer among the steps of {', '.join(values)}, "
            "so that it can't be told where to go on",
            hint=ways_on(environment.name),
        )
    plaintexts = Plaintexts(project, surveyed, surroundings, journal.previous)
    return values, _execution(project, environment, steps, plaintexts, record, following, environ)


def _execution(
    project: Project,
    environment: Environment,
    steps: Runbook,
    plaintexts: Plaintexts,
    record: Record,
    journal: Journal,
    environ: Mapping[str, str],
) -> Execution:
    around = environ_of(project, environment.name, environment.cluster, environ)
    return Execution(steps, plaintexts, record, journal, project.root, around)
