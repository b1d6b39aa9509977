"""Which version each value has now: read from its source where it can be read again, else from the lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.plan import Made, Read, Unreadable
from sealgen.reconcile.keeping import Keeping
from sealgen.values import fingerprint, rules
from sealgen.values.kept import Kept
from sealgen.values.literal import Literal
from sealgen.values.stored import parts_in_stores
from sealgen.values.version import counter_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from sealgen.config.environment import Environment
    from sealgen.lock import Lock
    from sealgen.reconcile.keeping import Fresh
    from sealgen.values.fingerprint import FingerprintKey
    from sealgen.values.source import Parts, Surroundings


@dataclass(frozen=True)
class Observed:
    """The state of each value, and the plaintexts that were read to tell it."""

    states: Mapping[str, Made | Read | Unreadable]
    plaintexts: Mapping[str, Parts]
    fresh: Mapping[str, Fresh] = field(default_factory=dict)
    """Next versions of values that stores keep, which are not there yet."""


def observe(
    environment: Environment,
    used: Iterable[str],
    lock: Lock,
    key: FingerprintKey | None,
    surroundings: Surroundings,
    rotate: Set[str] = frozenset(),
) -> Observed:
    """Tell the version of each of the ``used`` values.

    ``key`` is the fingerprint key, None where this machine has none; ``rotate`` names values to make the next version
    of, which is made here for those that stores keep. Raises SealgenError for a value that breaks
    its own rules; a value that can't be read is a state, not an error.
    """
    states: dict[str, Made | Read | Unreadable] = {}
    plaintexts: dict[str, Parts] = {}
    fresh: dict[str, Fresh] = {}
    keeping = Keeping(environment.name, surroundings)
    used = list(used)
    if not _key_problem(lock, key):
        surroundings.stores.ahead(
            parts_in_stores(environment.values[name].source for name in used if name not in rotate)
        )
    for name in used:
        value = environment.values[name]
        source = value.source
        if source.made:
            states[name] = Made(_made(lock, name))
            continue
        if not isinstance(source, Literal) and (problem := _key_problem(lock, key)):
            states[name] = Unreadable(problem)
            continue
        try:
            if isinstance(source, Kept):
                plaintexts[name], made = keeping.value(value, source, lock.values.get(name), rotated=name in rotate)
                fresh |= {name: made} if made else {}
            else:
                plaintexts[name] = source.obtain(name, surroundings)
        except SealgenError as error:
            states[name] = Unreadable(error.message)
            continue
        rules.check(name, value.rules, plaintexts[name])
        if isinstance(source, Literal):
            states[name] = Read(fingerprint.literal_version(value))
        elif key is not None:
            version = key.version(environment.name, name, plaintexts[name])
            to_put = fresh[name].held.label if name in fresh else ""
            states[name] = Read(version, isinstance(source, Kept), to_put)
    return Observed(states, plaintexts, fresh)


def assume(environment: Environment, used: Iterable[str], lock: Lock) -> dict[str, Made | Read | Unreadable]:
    """Tell what can be told without reading a source: a value that could be read is taken to be as the lock has it."""
    states: dict[str, Made | Read | Unreadable] = {}
    for name in used:
        value = environment.values[name]
        source = value.source
        locked = lock.values.get(name)
        if source.made:
            states[name] = Made(_made(lock, name))
        elif isinstance(source, Literal):
            states[name] = Read(fingerprint.literal_version(value))
        elif locked is not None and counter_of(locked.version) is None:
            states[name] = Read(locked.version, isinstance(source, Kept))
        else:
            states[name] = Read("never sealed")
    return states


def _made(lock: Lock, name: str) -> str | None:
    locked = lock.values.get(name)
    return locked.version if locked is not None and counter_of(locked.version) else None


def _key_problem(lock: Lock, key: FingerprintKey | None) -> str | None:
    """Say why the keyed digests of the lock can't be compared on this machine."""
    if key is None:
        return "needs the fingerprint key (SEALGEN_FINGERPRINT_KEY, or .sealgen/fingerprint.key)"
    if lock.fingerprint_key not in (None, key.id):
        return f"needs the fingerprint key {lock.fingerprint_key}, and the one here is {key.id}"
    return None
