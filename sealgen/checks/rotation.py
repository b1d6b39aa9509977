"""How old values are, by the lock, and how old they may become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.rotation.schedule import Standing, ages, days, days_since

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.checks.finding import Finding
    from sealgen.checks.subject import Subject
    from sealgen.rotation.schedule import Age

_SKEW = 1  # days by which the clocks of two machines may differ, time zones included


def due(subject: Subject) -> Iterator[Finding]:
    """Yield the values that are as old as they may become, or older."""
    for age in _ages(subject):
        if age.is_due:
            yield _finding(
                subject,
                "rotation-due",
                age,
                f"has been due for rotation for {days(-age.left)}" if age.left else "is due for rotation today",
            )


def soon(subject: Subject) -> Iterator[Finding]:
    """Yield the values that are nearly as old."""
    for age in _ages(subject):
        if age.standing is Standing.SOON:
            yield _finding(subject, "rotation-soon", age, f"is due for rotation in {days(age.left)}")


def _ages(subject: Subject) -> Iterator[Age]:
    return ages(subject.environment.values, subject.used, subject.lock, subject.now.date())


def _finding(subject: Subject, id_: str, age: Age, told: str) -> Finding:
    message = f"{age.value} {told} (version of {age.date}, every {days(age.every)})"
    return subject.of_value(id_, age.value, message)


def dated_in_future(subject: Subject) -> Iterator[Finding]:
    """Yield the values whose version is of a day that has not come."""
    today = subject.now.date()
    for name in subject.used:
        locked = subject.lock.values.get(name)
        if locked is not None and days_since(locked.date, today) < -_SKEW:
            message = f"{name} has a version of {locked.date} by the lock, and it is {today}: it would never grow old"
            yield subject.of_value("date-in-future", name, message)
