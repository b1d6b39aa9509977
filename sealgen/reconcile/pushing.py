"""What of an environment is to be put into stores, and where each value comes from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import ConfigurationError, SealgenError, did_you_mean
from sealgen.reconcile.putting import Deed, Row, compare
from sealgen.values import rules
from sealgen.values.kept import Kept, generator_of
from sealgen.values.prompt import Prompt
from sealgen.values.stored import parts_in_stores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sealgen.config.environment import Environment
    from sealgen.reconcile.putting import Push, Wanted
    from sealgen.values.entry import Part
    from sealgen.values.source import Held, Parts, Surroundings
    from sealgen.values.stored import Stored
    from sealgen.values.value import Value


def prepare(
    environment: Environment,
    names: Sequence[str],
    surroundings: Surroundings,
    *,
    takes_over: bool,
    live: Callable[[Value], Parts] | None = None,
) -> Push:
    """Compare the values called ``names``, or all that have a place where none is named, with what their stores hold.

    ``takes_over`` allows to write entries that are not sealgen's. ``live`` gives a value that was sealed and stored
    nowhere, and raises SealgenError where it can't; without it such a value is not pushed. Nothing is written.
    Raises ConfigurationError for a name that is none or has no place.
    """
    places = destinations(environment, names)
    makes = isinstance(environment.backend, ExternalSecretsBackend)
    values = {name: environment.values[name] for name in places}
    surroundings.stores.ahead(parts_in_stores(value.source for value in values.values()))
    there = {}
    for name, place in places.items():
        is_kept = isinstance(values[name].source, Kept)
        if values[name].operator:
            there[name] = Row(name, place, Deed.UNCHANGED, "the operator makes it")
        elif _is_there_by_nature(place, values[name]) and not (is_kept and makes):
            there[name] = Row(name, place, Deed.UNCHANGED, f"it is {'kept' if is_kept else 'read from'} there")

    def wanted(held: Held, name: str, place: Stored) -> Wanted:
        return _wanted(held, place, values[name], surroundings, live, asks=name in names, makes=makes)

    others = {name: place for name, place in places.items() if name not in there}
    push = compare(environment.name, others, wanted, surroundings.stores, takes_over=takes_over)
    rows = there | {row.value: row for row in push.rows}
    return replace(push, rows=tuple(rows[name] for name in places))


def _wanted(
    held: Held,
    place: Stored,
    value: Value,
    surroundings: Surroundings,
    live: Callable[[Value], Parts] | None,
    *,
    asks: bool,
    makes: bool,
) -> Wanted:
    """Return the value's parts by where each is to be, or what becomes of it without them.

    ``asks`` tells that a person may be asked again for what is there, ``makes`` that what is generated is made here.
    """
    is_free = all(map(held.is_free, _parts_of(place, value)))
    if isinstance(value.source, Prompt) and not asks and not is_free:
        return Row(value.name, place, Deed.UNCHANGED, "it is asked for where it is named, or not there")
    is_made = makes and _is_made_there(place, value)
    if is_made and not is_free:
        return Row(value.name, place, Deed.UNCHANGED, "it is generated where there is none")
    source = generator_of(value.source) if is_made else value.source
    is_sealed = source.made and not (is_made or isinstance(source, Prompt))
    if is_sealed and live is None:
        reason = "it is generated, and stored nowhere; say where it is kept, keep: {…}, or add --from-cluster"
        return Row(value.name, place, Deed.UNKNOWN, reason)
    try:
        parts = live(value) if is_sealed and live is not None else source.obtain(value.name, surroundings)
        rules.check(value.name, value.rules, parts)
    except SealgenError as error:
        return Row(value.name, place, Deed.UNKNOWN, error.message)
    return {place.at_part(name): secret for name, secret in parts.items()}


def places_of(environment: Environment) -> dict[str, Stored]:
    """Return where values are to be put, in the order of the environment file.

    Where an operator reads values, nothing is sealed that would have made those that are kept: they are among them.
    """
    places = dict(environment.push)
    if isinstance(environment.backend, ExternalSecretsBackend):
        places |= {
            name: value.source.stored for name, value in environment.values.items() if isinstance(value.source, Kept)
        }
        places = {name: places[name] for name in environment.values if name in places}
    return places


def destinations(environment: Environment, names: Sequence[str]) -> dict[str, Stored]:
    """Return where each of the values is to be put, of all where none is named."""
    places = places_of(environment)
    for name in names:
        if name not in environment.values:
            hint = did_you_mean(name, environment.values)
            raise ConfigurationError(f"{environment.name} has no value '{name}' to push{hint}")
        if name not in places:
            raise ConfigurationError(
                f"it is not said where '{name}' is pushed to; write push: of the environment, or of the value"
            )
    if not places:
        raise ConfigurationError(
            f"{environment.name} pushes nothing: neither it nor a value of it has push:",
            hint="Write, for example, push: {vault: 'secret/aura/{environment}', property: '{value}'}",
        )
    return {name: place for name, place in places.items() if not names or name in names}


def _parts_of(place: Stored, value: Value) -> set[Part]:
    return {place.at_part(part) for part in value.source.parts}


def _is_there_by_nature(place: Stored, value: Value) -> bool:
    """Tell whether a value is read from where it would be put."""
    return _parts_of(place, value) == set(parts_in_stores([value.source]))


def _is_made_there(place: Stored, value: Value) -> bool:
    """Tell whether a value is a generated one that no other place has."""
    if isinstance(value.source, Kept):
        return _is_there_by_nature(place, value)
    return value.source.made and not isinstance(value.source, Prompt)
