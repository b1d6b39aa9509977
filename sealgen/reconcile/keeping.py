"""Values that a store keeps: read where they are there, made where they are not, and put there before they are sealed.

A next version exists in memory alone until the run that seals it puts it into its store. Whoever comes second finds the
value of who came first, and takes that; nobody's value is overwritten unseen. A run that ends in between leaves a value
in the store that the next run reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgen.errors import CannotTell, SealgenError
from sealgen.values import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence, Set

    from sealgen.lock import LockedValue
    from sealgen.values.entry import Entry, Part
    from sealgen.values.kept import Kept
    from sealgen.values.source import Held, Parts, Surroundings
    from sealgen.values.value import Value

_TRIES = 8
"""So often a write that another run came before is tried anew."""


@dataclass(frozen=True)
class Fresh:
    """The next version of a value, made in memory and stored nowhere yet."""

    name: str
    source: Kept
    parts: Parts
    held: Held
    """The entry that it is to be put into, as it was found."""
    is_first: bool
    """Whether there was none before."""


@dataclass
class Keeping:
    """What one run finds in the stores that keep an environment's values; each entry is looked at once."""

    environment: str
    surroundings: Surroundings
    _looked: dict[Entry, Held] = field(default_factory=dict)

    def value(
        self, value: Value, source: Kept, locked: LockedValue | None, *, rotated: bool
    ) -> tuple[Parts, Fresh | None]:
        """Return the value, and its next version where there is none yet, or it is to be ``rotated``.

        ``locked`` is what the lock says of it: what was sealed once and is not there any more is not made unasked.
        Raises SealgenError, and CannotTell, where it can't be had or could not be put there.
        """
        name = value.name
        if not rotated:
            try:
                return source.obtain(name, self.surroundings), None
            except CannotTell:
                if not self._is_missing(name, source):
                    # Another run may have put it there in between; or it is there and no value.
                    return source.obtain(name, self.surroundings), None
        held = self._look(name, source)
        if locked is not None and not rotated:
            raise CannotTell(
                f"values.{name}: {held.label} does not have it, and a version of {locked.date} was sealed; "
                f"put that there, or make the next one: sealgen rotate {self.environment} {name}"
            )
        parts = source.generator.obtain(name, self.surroundings)
        rules.check(name, value.rules, parts)
        stored = {source.part(part): secret for part, secret in parts.items()}
        if problem := _problem(held, self.environment) or held.problem(stored):
            raise SealgenError(f"values.{name}: {problem}")
        return parts, Fresh(name, source, parts, held, self._is_missing(name, source))

    def _is_missing(self, name: str, source: Kept) -> bool:
        """Tell whether nothing of it is where it is kept."""
        held = self._look(name, source)
        return all(map(held.is_free, source.stored_parts))

    def _look(self, name: str, source: Kept) -> Held:
        entry = source.stored.part.entry
        if entry not in self._looked:
            try:
                self._looked[entry] = self.surroundings.stores.look(entry, source.stored.part.timeout)
            except SealgenError as error:
                error.message = f"values.{name}: {error.message}"
                raise
        return self._looked[entry]


def _problem(held: Held, environment: str) -> str | None:
    """Say why a value can't be put into an entry."""
    if not held.is_conditional:
        return f"{held.label} knows no condition to write on, so that two runs could make two values; keep it elsewhere"
    if why := held.not_ours(environment):
        return f"{held.label} is not written: {why}"
    return None


class Overtaken(Exception):  # noqa: N818  (what happened)
    """Another run has put a first version meanwhile, which is the one; ``put`` are the values that this one put."""

    def __init__(self, put: frozenset[str]) -> None:
        super().__init__()
        self.put = put


def put(fresh: Iterable[Fresh], environment: str, surroundings: Surroundings) -> None:
    """Put the values into their stores, those of one entry at once.

    Raises Overtaken where another run has made one of them for the first time just now, and SealgenError where one
    has rotated it.
    """
    by_entry: dict[Entry, list[Fresh]] = {}
    for each in fresh:
        by_entry.setdefault(each.source.stored.part.entry, []).append(each)
    done: set[str] = set()
    for values in by_entry.values():
        _put(values, environment, surroundings, done)
        done |= {each.name for each in values}


def _put(values: Sequence[Fresh], environment: str, surroundings: Surroundings, done: Set[str]) -> None:
    """Put the values of one entry; ``done`` are those of others that were put before."""
    held = values[0].held
    stored = {each.source.part(part): secret for each in values for part, secret in each.parts.items()}
    for _ in range(_TRIES):
        if held.put(stored, environment):
            return
        # Another run has written the entry, if only another property of it.
        (entry,) = {part.entry for part in stored}
        now = surroundings.stores.look(entry, max(part.timeout for part in stored))
        for each in values:
            if all(_content(held, part) == _content(now, part) for part in each.source.stored_parts):
                continue
            if each.is_first:
                raise Overtaken(frozenset(done))
            raise SealgenError(
                f"{now.label}: somebody else has just put another {each.name} there; nothing was sealed",
                hint=f"Seal with that one: sealgen seal {environment}",
            )
        held = now
    raise SealgenError(f"{held.label} is written by others all the time; nothing was sealed")


def _content(held: Held, part: Part) -> tuple[bool, bytes | None]:
    found = held.value(part)
    return held.is_free(part), None if found is None else found.reveal()
