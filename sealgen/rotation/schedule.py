"""How old values are, by the lock's dates, and how old they may become. Pure."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgen.lock import Lock
    from sealgen.values.value import Value


@dataclass(frozen=True, slots=True)
class Age:
    """How old the present version of a value is; in days."""

    value: str
    date: str
    """When this version was first sealed: YYYY-MM-DD, UTC."""
    every: int
    """How old it may become."""
    left: int
    """Until then; 0 and less when it is due."""


def ages(values: Mapping[str, Value], used: Iterable[str], lock: Lock, today: dt.date) -> Iterator[Age]:
    """Yield the ages of the ``used`` values that grow old (``rotate_every``), of those that were sealed.

    ``today`` is the date in UTC.
    """
    for name in used:
        every = values[name].rules.rotate_every
        locked = lock.values.get(name)
        if every is not None and locked is not None:
            yield Age(name, locked.date, every, every - (today - dt.date.fromisoformat(locked.date)).days)


def due(values: Mapping[str, Value], used: Iterable[str], lock: Lock, today: dt.date) -> list[str]:
    """Return the values that are as old as they may become, or older, in the order of ``used``."""
    return [age.value for age in ages(values, used, lock, today) if age.left <= 0]
