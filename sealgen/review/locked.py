"""What a lock says otherwise of values, and of the key that compares them, where no ciphertext says why. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sealgen.review.change import Change, Level, Word
from sealgen.values.version import counter_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.lock import Lock, LockedValue


def shifted(value: str, before: str, after: LockedValue) -> str:
    """Return which version of a value was followed by which, for people; its name alone where it has no numbers."""
    old, new = counter_of(before), counter_of(after.version)
    if not old or not new:
        return value
    if new < old:
        return f"{value} {old} → {new} (an earlier version again)"
    return f"{value} {old} → {'another ' if new == old else ''}{new} ({after.date})"


def lock_changes(before: Lock, after: Lock, file: str, *, of_keys: bool) -> Iterator[Change]:
    """Yield them; ``file`` is the lock's. What the lock says of keys is told with those.

    ``of_keys`` tells whether versions are those of keys, as they are where something is sealed.
    """
    told = partial(Change, file=file)
    if before.fingerprint_key and after.fingerprint_key not in (None, before.fingerprint_key):
        detail = "another fingerprint key: what is read was sealed again, and can't be compared with what it was"
        yield told(Word.SETTING, detail, level=Level.TRUST)
    unexplained = partial(told, Word.UNEXPLAINED, level=Level.UNEXPLAINED)
    made_of = {(value, version) for locked in after.keys.values() for value, version in locked.values.items()}
    sealed_again = {
        value
        for place, locked in after.keys.items()
        if (known := before.keys.get(place)) is None or known.ciphertext != locked.ciphertext
        for value in locked.values
    }
    for value in sorted(before.values.keys() & after.values.keys()):
        old, new = before.values[value], after.values[value]
        if of_keys and old.version != new.version and (value, new.version) not in made_of:
            yield unexplained(f"the lock has another version of {value}, and no key is made of it")
        elif old.version == new.version and old.date != new.date and value not in sealed_again:
            yield unexplained(f"the lock dates {value} {new.date}, no longer {old.date}, and its version is the same")
