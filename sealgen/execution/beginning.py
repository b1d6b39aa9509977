"""How a rotation begins, and goes on after a run that ended in the middle of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, SealgenError
from sealgen.execution.origins import origin_of, ways_on
from sealgen.execution.plaintexts import Plaintexts, wanted_by
from sealgen.execution.rotation import Execution
from sealgen.execution.surroundings import environ_of
from sealgen.overlay import transaction
from sealgen.reconcile.survey import written_to
from sealgen.rotation.journal import Journal, fresh
from sealgen.rotation.procedure import procedure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.execution.origins import Origin
    from sealgen.execution.record import Record
    from sealgen.rotation.journal import Before, Versions
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


@dataclass(frozen=True)
class Beginning:
    """A rotation that was not begun yet, with all that its steps read but the new versions."""

    project: Project
    origin: Origin
    values: Sequence[str]
    steps: Runbook
    plaintexts: Plaintexts
    before: tuple[Before, ...]
    record: Record
    unavailable: tuple[str, ...]
    """What rollbacks need and can't have, and why."""

    def note(self, versions: Mapping[str, Versions]) -> None:
        """Write the journal, before anything is changed."""
        self.record.write(Journal(versions, self.before, fresh(self.steps)))

    def execution(self, made: Mapping[str, Parts], environ: Mapping[str, str]) -> Execution:
        """Return the execution of the steps once the values are ``made`` and put; ``environ`` is this process's."""
        self.plaintexts.take(made)
        journal = self.record.read()
        assert journal is not None  # noqa: S101  (``note`` has written it)
        return _execution(self.project, self.origin, self.steps, self.plaintexts, self.record, journal, environ)


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
    origin = origin_of(project, environment, surroundings)
    origin.check(values)
    steps = procedure_of(environment, values)
    earlier = origin.unfinished(record)
    if earlier is not None and not anew:
        raise SealgenError(
            f"{name}: the rotation of {', '.join(earlier.values)} was begun and is not finished",
            hint=ways_on(environment),
        )
    needed, undoing = wanted_by(steps)
    before = origin.before([*needed, *undoing], earlier)
    plaintexts = Plaintexts(origin, before)
    needed, undoing = ([ref for ref in wanted if ref.value not in values] for wanted in (needed, undoing))
    plaintexts.read([*needed, *undoing])
    try:
        plaintexts.require(needed)
    except SealgenError as error:
        error.message = f"{name}: {error.message}; nothing was changed"
        raise
    unavailable = tuple(plaintexts.missing(undoing))
    return Beginning(project, origin, values, steps, plaintexts, before, record, unavailable)


def recover(project: Project, environment: Environment, tell: Callable[[str], None]) -> None:
    """Finish what a run left that was interrupted while it sealed; ``tell`` is told of it."""
    with transaction.exclusive(project.root, environment.name, written_to(environment), tell) as run:
        if run.recovered:
            tell(run.recovered)


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
    origin = origin_of(project, environment, surroundings).with_next
    journal = origin.unfinished(record)
    if journal is None:
        return None
    values = tuple(journal.values)
    origin.check(values)
    origin.check_unmoved(journal)
    steps = procedure_of(environment, values)
    following = journal.following(steps)
    if following is None:
        raise SealgenError(
            f"{environment.name}: a step that was done is no longer among the steps of {', '.join(values)}, "
            "so that it can't be told where to go on",
            hint=ways_on(environment),
        )
    plaintexts = Plaintexts(origin, journal.previous)
    return values, _execution(project, origin, steps, plaintexts, record, following, environ)


def _execution(
    project: Project,
    origin: Origin,
    steps: Runbook,
    plaintexts: Plaintexts,
    record: Record,
    journal: Journal,
    environ: Mapping[str, str],
) -> Execution:
    around = environ_of(project, origin.environment.name, origin.environment.cluster, environ)
    return Execution(steps, plaintexts, record, journal, project.root, around)
