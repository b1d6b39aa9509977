"""The lines of values in a lock where no key is sealed: which version of each its store has, and since when. Pure.

Where an operator reads a store, each version that is put there has a counter, whatever the value comes from: the store
holds it, and who puts another one there knows that it is another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.lock import Lock, LockedValue, dump
from sealgen.values.literal import Literal
from sealgen.values.version import counter_of, made_version

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.config.environment import Environment


def without_keys(lock: Lock, environment: Environment) -> Lock:
    """Return what a lock tells where nothing is sealed: how old each value is.

    A literal is of no age that matters, and a value that is gone of none at all.
    """
    values = {name: line for name, line in lock.values.items() if _ages(environment, name)}
    keyed = any(line.version.startswith("hmac-") for line in values.values())
    return Lock(lock.fingerprint_key if keyed else None, values)


def with_next_versions(lock: Lock, environment: Environment, names: Iterable[str], today: str, token: str) -> Lock:
    """Return the lock once another version of each of these values was put into its store.

    ``today`` is the date (YYYY-MM-DD, UTC), and ``token`` eight random hexadecimal digits.
    """
    values = dict(lock.values)
    for name in names:
        if _ages(environment, name):
            counter = (counter_of(values[name].version) or 0) + 1 if name in values else 1
            version = made_version(counter, token)
            values[name] = LockedValue(version, today, environment.values[name].specification)
    return without_keys(Lock(lock.fingerprint_key, values), environment)


def content(lock: Lock) -> bytes | None:
    """Return the lock's file; None where it tells nothing, so that there is none."""
    return dump(lock) if lock.values else None


def _ages(environment: Environment, name: str) -> bool:
    value = environment.values.get(name)
    return value is not None and not isinstance(value.source, Literal)
