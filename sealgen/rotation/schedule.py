"""How old values are, by the lock's dates, and how old they may become. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgen.lock import Lock
    from sealgen.values.value import Value

_SOON = 14  # days ahead, of a value that lives that long ten times over


class Standing(StrEnum):
    """Where a value stands in its schedule, the most pressing first."""

    OVERDUE = "overdue"
    DUE = "due"
    """Today."""
    SOON = "soon"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Age:
    """How old the present version of a value is; in days."""

    value: str
    source: str
    """The kind of its source."""
    made: bool
    """Whether its next version is made here; one that is read is changed where it is."""
    date: str
    """When this version was first sealed: YYYY-MM-DD, UTC."""
    every: int
    """How old it may become."""
    left: int
    """Until then; 0 and less when it is due."""

    @property
    def days(self) -> int:
        """How old it is."""
        return self.every - self.left

    @property
    def due(self) -> dt.date:
        """The day on which it is as old as it may become, or the last day that there is."""
        day = dt.date.fromisoformat(self.date).toordinal() + self.every
        return dt.date.fromordinal(min(day, dt.date.max.toordinal()))

    @property
    def is_due(self) -> bool:
        """Whether it is as old as it may become, or older."""
        return self.left <= 0

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        if self.is_due:
            return Standing.OVERDUE if self.left else Standing.DUE
        return Standing.SOON if self.left <= notice(self.every) else Standing.LATER


def notice(every: int) -> int:
    """Return how many days ahead it is told that a value will be due: two weeks, or a tenth of its life if less."""
    return min(_SOON, every // 10)


@dataclass(frozen=True)
class Schedule:
    """When the values of an environment are due."""

    environment: str
    namespace: str
    ages: tuple[Age, ...]
    """Of those that grow old, the first that is due first."""
    ageless: tuple[str, ...]
    """The secret values that are sealed and have no ``rotate_every``, sorted."""


def schedule(environment: str, namespace: str, values: Mapping[str, Value], lock: Lock, today: dt.date) -> Schedule:
    """Return the schedule of what is sealed; ``today`` is the date in UTC."""
    sealed = [name for name in lock.values if name in values]
    found = sorted(ages(values, sealed, lock, today), key=lambda age: (age.left, age.value))
    grows_old = {age.value for age in found}
    secret = (name for name in sealed if not isinstance(values[name].source, Literal))
    return Schedule(
        environment, namespace, tuple(found), tuple(sorted(name for name in secret if name not in grows_old))
    )


def ages(values: Mapping[str, Value], used: Iterable[str], lock: Lock, today: dt.date) -> Iterator[Age]:
    """Yield the ages of the ``used`` values that grow old (``rotate_every``), of those that were sealed.

    ``today`` is the date in UTC.
    """
    for name in used:
        every, source = values[name].rules.rotate_every, values[name].source
        locked = lock.values.get(name)
        if every is not None and locked is not None:
            yield Age(name, source.kind, source.made, locked.date, every, every - days_since(locked.date, today))


def days_since(date: str, today: dt.date) -> int:
    """Return how many days a date of the lock (YYYY-MM-DD) is past."""
    return (today - dt.date.fromisoformat(date)).days


def due(values: Mapping[str, Value], used: Iterable[str], lock: Lock, today: dt.date) -> list[str]:
    """Return the values that are as old as they may become, or older, in the order of ``used``."""
    return [age.value for age in ages(values, used, lock, today) if age.is_due]


def days(number: int) -> str:
    """Return ``1 day`` or ``3 days``."""
    return "1 day" if number == 1 else f"{number} days"
