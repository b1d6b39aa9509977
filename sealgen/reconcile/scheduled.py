"""When the values of an environment are due, by its file and its lock alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.reconcile.survey import lock_path, read_lock
from sealgen.rotation.schedule import Schedule, schedule

if TYPE_CHECKING:
    import datetime as dt

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project


def scheduled(project: Project, environment: Environment, today: dt.date) -> Schedule:
    """Return the schedule of what the lock says is sealed; ``today`` is the date in UTC.

    Raises ConfigurationError for a lock that is malformed.
    """
    locked = read_lock(project.read(lock_path(environment.name)), environment.name)
    return schedule(environment.name, environment.namespace, environment.values, locked, today)
