"""A value is due when its version, by the lock's date, is as old as ``rotate_every``."""

from __future__ import annotations

import datetime as dt

import pytest

from sealgen.lock import Lock, LockedValue
from sealgen.rotation.schedule import Age, Standing, ages, due, notice, schedule
from sealgen.values.env import Env
from sealgen.values.generators.text import Hex
from sealgen.values.literal import Literal
from sealgen.values.rules import Rules
from sealgen.values.secret import Secret
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
    assert list(ages(values, ["jwt"], lock, TODAY)) == [
        Age("jwt", "generate", True, str(TODAY - dt.timedelta(age)), 90, left)
    ]
    assert due(values, ["jwt"], lock, TODAY) == (["jwt"] if is_due else [])


def test_what_grows_not_old_was_never_sealed_or_is_not_used_is_never_due() -> None:
    values = {name: value(name, every) for name, every in {"ageless": None, "new": 1, "unused": 1}.items()}
    lock = Lock(values={"ageless": locked(999), "unused": locked(999)})
    assert due(values, ["ageless", "new"], lock, TODAY) == []


def age(left: int, every: int = 90, value: str = "jwt") -> Age:
    """Return the age of a value that has so many days left."""
    return Age(value, "generate", True, str(TODAY - dt.timedelta(every - left)), every, left)


@pytest.mark.parametrize(
    ("every", "left", "standing"),
    [
        (90, -1, Standing.OVERDUE),
        (90, 0, Standing.DUE),
        (90, 1, Standing.SOON),
        (90, 9, Standing.SOON),
        (90, 10, Standing.LATER),
        (365, 14, Standing.SOON),
        (365, 15, Standing.LATER),
        (9, 1, Standing.LATER),
    ],
)
def test_soon_is_two_weeks_ahead_or_a_tenth_of_its_life_where_that_is_less(
    every: int, left: int, standing: Standing
) -> None:
    assert age(left, every).standing is standing
    assert notice(every) == {90: 9, 365: 14, 9: 0}[every]


def test_an_age_knows_its_days() -> None:
    assert (age(-3).days, age(-3).due) == (93, TODAY - dt.timedelta(3))
    assert (age(90).days, age(90).due) == (0, TODAY + dt.timedelta(90))


def test_a_day_after_the_last_that_there_is_is_the_last() -> None:
    far = Age("jwt", "generate", True, "9999-12-30", 364_999_635, 1)
    assert far.due == dt.date.max


def test_a_schedule_is_of_what_is_sealed_and_the_first_that_is_due_comes_first() -> None:
    values = {
        name: value(name, every) for name, every in {"late": 90, "early": 10, "never": 5, "also_early": 10}.items()
    }
    values["user"] = Value("user", Literal(Secret(b"aura")), Rules(None, None, None, None, None))
    values["smtp"] = Value("smtp", Env("SMTP"), Rules(None, None, None, None, None))
    sealed = {name: locked(1) for name in ("late", "early", "also_early", "user", "smtp", "gone")}
    found = schedule("staging", "aura-staging", values, Lock(values=sealed), TODAY)
    assert (found.environment, found.namespace) == ("staging", "aura-staging")
    assert [each.value for each in found.ages] == ["also_early", "early", "late"]
    # A literal stands in clear: nobody need rotate it.
    assert found.ageless == ("smtp",)
