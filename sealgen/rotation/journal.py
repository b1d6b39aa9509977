"""The journal of a rotation: which versions it is of, and what came of each step. Pure.

It is what a run leaves for the next one: JSON, strict, in ``.sealgen/``. It holds no value, and nothing that a program
printed. Steps are told by their digests, and where the version before is live by digests of ciphertexts, as in a lock.
"""

from __future__ import annotations

import enum
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from sealgen.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.rotation.runbook import Runbook

_FORMAT = 1


class Outcome(enum.StrEnum):
    """What came of a step."""

    LEFT = enum.auto()
    """It was not begun, or it was undone."""
    BEGUN = enum.auto()
    """A run ended in it."""
    FAILED = enum.auto()
    DONE = enum.auto()
    SKIPPED = enum.auto()
    """A person says that it need not be done."""


SETTLED = (Outcome.DONE, Outcome.SKIPPED)


@dataclass(frozen=True, slots=True)
class Versions:
    """A value's version before its rotation, and after."""

    before: str | None
    """None where it was never sealed."""
    after: str | None
    """None where a store has it, and the version that it has is the one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A key of a SealedSecret that is a value alone, and the SHA-256 of its ciphertext's base64 text."""

    namespace: str
    secret: str
    key: str
    ciphertext: str


@dataclass(frozen=True, slots=True)
class Before:
    """Where the version before of a value, or of a part of one, is found later.

    It is live until the new one reaches the cluster, or the store that an operator reads has it by its version.
    """

    value: str
    part: str
    places: tuple[Held, ...] = ()
    version: str | None = None
    """The store's, of the entry; None where nothing is in a store, or it keeps no versions."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A step, by its digest, and what came of it."""

    step: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Journal:
    """A rotation that was begun."""

    values: Mapping[str, Versions]
    previous: tuple[Before, ...]
    entries: tuple[Entry, ...]

    @property
    def settled(self) -> int:
        """How many steps need no more be done, from the first on."""
        return next((n for n, entry in enumerate(self.entries) if entry.outcome not in SETTLED), len(self.entries))

    def noting(self, number: int, outcome: Outcome) -> Journal:
        """Return the journal once something came of a step; ``number`` counts from 0."""
        entries = list(self.entries)
        entries[number] = replace(entries[number], outcome=outcome)
        return replace(self, entries=tuple(entries))

    def following(self, steps: Runbook) -> Journal | None:
        """Return the journal for steps of which some may have changed; None where one did that is settled.

        What came of the step that is not settled is kept, though it was mended: there may be something to undo.
        """
        settled = self.entries[: self.settled]
        if [entry.step for entry in settled] != [step.digest for step in steps[: len(settled)]]:
            return None
        following = replace(self, entries=(*settled, *fresh(steps[len(settled) :])))
        if self.settled == len(self.entries) or self.settled == len(steps):
            return following
        broken = self.entries[self.settled]
        places = [number for number, step in enumerate(steps) if step.digest == broken.step and number >= self.settled]
        return following.noting(places[0] if places else self.settled, broken.outcome)


def fresh(steps: Runbook) -> tuple[Entry, ...]:
    """Return the entries of steps none of which was begun."""
    return tuple(Entry(step.digest, Outcome.LEFT) for step in steps)


def dump(journal: Journal) -> bytes:
    """Return the journal as text."""
    return (json.dumps({"sealgen": "rotation", "format": _FORMAT, **asdict(journal)}, indent=1) + "\n").encode()


def read(content: bytes, file: str) -> Journal:
    """Read a journal; raises ConfigurationError for anything that ``dump`` does not write."""
    try:
        said: dict[str, Any] = json.loads(content)
        if said.pop("sealgen") != "rotation" or said.pop("format") != _FORMAT:
            raise ValueError
        return _checked(
            Journal(
                {name: Versions(**versions) for name, versions in said.pop("values").items()},
                tuple(
                    Before(
                        known["value"],
                        known["part"],
                        tuple(Held(**place) for place in known["places"]),
                        known["version"],
                    )
                    for known in said.pop("previous")
                ),
                tuple(Entry(entry["step"], Outcome(entry["outcome"])) for entry in said.pop("entries")),
            ),
            content,
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ConfigurationError(
            f"{file} is no journal of a rotation as sealgen writes it",
            hint="How far its rotation went is not known any more: look there, remove the file, and rotate again.",
        ) from None


def _checked(journal: Journal, content: bytes) -> Journal:
    if dump(journal) != content:
        raise ValueError
    return journal
