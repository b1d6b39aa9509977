"""A value is due when its version, by the lock's date, is as old as ``rotate_every``."""

from __future__ import annotations

import datetime as dt

import pytest

from sealgen.lock import Lock, LockedValue
from sealgen.rotation.schedule import Age, ages, due
from sealgen.values.generators.text import Hex
from sealgen.values.rules import Rules
from sealgen.values.value import Value

TODAY = dt.date(2026, 11, 24)


def value(name: str, every: int | None) -> Value:
    """Return a value that may become so many days old."""
    return Value(name, Hex(32), Rules(None, None, None, every, None))


def locked(days: int) -> LockedValue:
    """Return a version that is so many days old."""
    return LockedValue("1-00000000", str(TODAY - dt.timedelta(days)), "0" * 64)


@pytest.mark.parametrize(("age", "left", "is_due"), [(0, 90, False), (89, 1, False), (90, 0, True), (91, -1, True)])
def test_a_value_is_due_on_the_day_it_is_as_old_as_it_may_become(age: int, left: int, is_due: bool) -> None:
    values, lock = {"jwt": value("jwt", 90)}, Lock(values={"jwt": locked(age)})
    assert list(ages(values, ["jwt"], lock, TODAY)) == [Age("jwt", str(TODAY - dt.timedelta(age)), 90, left)]
    assert due(values, ["jwt"], lock, TODAY) == (["jwt"] if is_due else [])


def test_what_grows_not_old_was_never_sealed_or_is_not_used_is_never_due() -> None:
    values = {name: value(name, every) for name, every in {"ageless": None, "new": 1, "unused": 1}.items()}
    lock = Lock(values={"ageless": locked(999), "unused": locked(999)})
    assert due(values, ["ageless", "new"], lock, TODAY) == []
