"""When the values of an environment are due, by its file and its lock alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.reconcile.planning import sealed_secrets_backend
from sealgen.reconcile.pushing import places_of
from sealgen.reconcile.sealed_objects import read_lock
from sealgen.reconcile.survey import survey
from sealgen.rotation import schedule

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.rotation.schedule import Schedule


def scheduled(project: Project, environment: Environment, today: dt.date) -> Schedule:
    """Return the schedule of what the lock says is sealed; ``today`` is the date in UTC.

    Raises ConfigurationError for a lock that is malformed.
    """
    _, locked = read_lock(project, environment.name)
    return schedule.schedule(environment.name, environment.namespace, environment.values, locked, today)


def used(project: Project, environment: Environment) -> Sequence[str]:
    """Return the values that some key is made of or, where an operator reads them, those that are put into a store.

    Raises ConfigurationError for a plain environment, and for what is malformed.
    """
    if isinstance(environment.backend, ExternalSecretsBackend):
        return list(places_of(environment))
    sealed_secrets_backend(environment)
    return survey(project, environment).values


def due(project: Project, environment: Environment, today: dt.date) -> list[str]:
    """Return those of the ``used`` values that are due by the lock; ``today`` is the date in UTC."""
    _, locked = read_lock(project, environment.name)
    return schedule.due(environment.values, used(project, environment), locked, today)
