"""The next versions of values that an operator reads: made here, and put into the store in the place of those there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.reconcile.planning import check_rotatable
from sealgen.reconcile.pushing import places_of
from sealgen.reconcile.putting import Deed, Row, compare
from sealgen.values import rules
from sealgen.values.kept import generator_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.config.environment import Environment
    from sealgen.reconcile.putting import Push, Wanted
    from sealgen.values.source import Held, Parts, Surroundings
    from sealgen.values.stored import Stored


def prepare(environment: Environment, names: Sequence[str], surroundings: Surroundings, *, takes_over: bool) -> Push:
    """Make the next version of each of these values, and look at what is there; nothing is written.

    ``takes_over`` allows to write entries that are not sealgen's.
    Raises ConfigurationError for a name that is none of a value which is made here and put into a store.
    """
    places = places_of(environment)
    check_rotatable(environment, frozenset(names), list(places))

    def wanted(_: Held, name: str, place: Stored) -> Wanted:
        value = environment.values[name]
        try:
            parts = generator_of(value.source).obtain(name, surroundings)
            rules.check(name, value.rules, parts)
        except SealgenError as error:
            return Row(name, place, Deed.UNKNOWN, error.message)
        return {place.at_part(part): secret for part, secret in parts.items()}

    chosen = {name: place for name, place in places.items() if name in names}
    push = compare(environment.name, chosen, wanted, surroundings.stores, takes_over=takes_over)
    return replace(
        push, rows=tuple(replace(row, deed=Deed.ROTATE) if row.deed is Deed.UPDATE else row for row in push.rows)
    )


def made(environment: Environment, push: Push) -> dict[str, Parts]:
    """Return the next versions that ``prepare`` has made, by the value's name."""
    rows = {row.value: row for row in push.rows}
    return {
        name: {part: write.content[rows[name].place.at_part(part)] for part in environment.values[name].source.parts}
        for write in push.writes
        for name in write.names
    }
