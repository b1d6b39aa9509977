"""Versions of values that are made once: a counter, and random digits that tell two branches' next versions apart."""

from __future__ import annotations


def made_version(counter: int, token: str) -> str:
    """Return the version number ``counter`` of a value that is made; ``token`` is eight random hexadecimal digits."""
    return f"{counter}-{token}"


def counter_of(version: str) -> int | None:
    """Return the counter in the version of a value that is made; None for that of one that is read."""
    counter, _, _ = version.partition("-")
    return int(counter) if counter.isdigit() else None
