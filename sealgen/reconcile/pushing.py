"""Pushing values into stores where others read them: what is there is compared first, and only what differs is put."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import CannotTell, ConfigurationError, SealgenError, did_you_mean
from sealgen.values import rules
from sealgen.values.kept import Kept, generator_of
from sealgen.values.prompt import Prompt
from sealgen.values.stored import parts_in_stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.values.entry import Entry, Part
    from sealgen.values.secret import Secret
    from sealgen.values.source import Held, Parts, Surroundings
    from sealgen.values.stored import Stored
    from sealgen.values.value import Value


class Deed(StrEnum):
    """What becomes of a value in its store."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Row:
    """A value, where it is to be, and what is done about it."""

    value: str
    place: Stored
    deed: Deed
    reason: str = ""


@dataclass(frozen=True)
class Write:
    """An entry, and the values that it does not hold yet."""

    held: Held
    names: tuple[str, ...]
    content: Mapping[Part, Secret]


@dataclass(frozen=True)
class Push:
    """What is to be put into stores, and why the rest is not."""

    environment: str
    rows: tuple[Row, ...]
    """In the order of the environment file."""
    writes: tuple[Write, ...]

    @property
    def changes(self) -> bool:
        """Whether there is anything to put."""
        return bool(self.writes)

    @property
    def stuck(self) -> bool:
        """Whether some value can't be had, or must not be put."""
        return any(row.deed in (Deed.REFUSED, Deed.UNKNOWN) for row in self.rows)


class Stuck(CannotTell):
    """Some value can't be pushed, and nothing was."""

    def __init__(self, push: Push) -> None:
        name = push.environment
        others = any(row.deed not in (Deed.REFUSED, Deed.UNKNOWN) for row in push.rows)
        hint = f"To push the others, name them: sealgen push {name} VALUE…" if others else None
        super().__init__(f"{name}: not all of it can be pushed, so nothing was put", hint=hint)
        self.push = push


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
    places = _places(environment, names)
    makes = isinstance(environment.backend, ExternalSecretsBackend)
    values = {name: environment.values[name] for name in places}
    surroundings.stores.ahead(parts_in_stores(value.source for value in values.values()))
    rows: dict[str, Row] = {}
    by_entry: dict[Entry, dict[str, Stored]] = {}
    for name, place in places.items():
        is_kept = isinstance(values[name].source, Kept)
        if _is_there_by_nature(place, values[name]) and not (is_kept and makes):
            rows[name] = Row(name, place, Deed.UNCHANGED, f"it is {'kept' if is_kept else 'read from'} there")
        else:
            by_entry.setdefault(place.part.entry, {})[name] = place
    looked = surroundings.stores.look_all(
        {entry: max(place.part.timeout for place in its.values()) for entry, its in by_entry.items()}
    )
    writes = []
    for entry, its in by_entry.items():
        held = looked[entry]
        if isinstance(held, SealgenError):
            rows |= {name: Row(name, place, Deed.UNKNOWN, held.message) for name, place in its.items()}
            continue
        wanted: dict[str, Mapping[Part, Secret]] = {}
        for name, place in its.items():
            found = _wanted(held, place, values[name], surroundings, live, asks=name in names, makes=makes)
            if isinstance(found, Row):
                rows[name] = found
            else:
                wanted[name] = found
        deeds = {name: _deed(held, content) for name, content in wanted.items()}
        changed = tuple(name for name, deed in deeds.items() if deed is not Deed.UNCHANGED)
        content = {part: secret for name in changed for part, secret in wanted[name].items()}
        problem = _problem(held, environment.name, content, takes_over=takes_over) if changed else None
        for name, deed in deeds.items():
            refused = problem is not None and name in changed
            rows[name] = Row(name, its[name], Deed.REFUSED if refused else deed, (problem or "") if refused else "")
        if changed and problem is None:
            writes.append(Write(held, changed, content))
    return Push(environment.name, tuple(rows[name] for name in places), tuple(writes))


def _wanted(
    held: Held,
    place: Stored,
    value: Value,
    surroundings: Surroundings,
    live: Callable[[Value], Parts] | None,
    *,
    asks: bool,
    makes: bool,
) -> Mapping[Part, Secret] | Row:
    """Return the value's parts by where each is to be, or what becomes of it without them.

    ``asks`` tells that a person may be asked again for what is there, ``makes`` that what is generated is made here.
    """
    is_free = all(map(held.is_free, _places_of(place, value)))
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


def carry_out(push: Push) -> Iterator[Write]:
    """Put what is to be put, and yield each write when it is done; ``push`` is not stuck.

    Raises SealgenError where a store has another content by now than was compared, and as ``Held.put`` does.
    """
    for write in push.writes:
        if not write.held.put(write.content, push.environment):
            raise SealgenError(
                f"{write.held.label}: somebody else has written it just now, so it was not",
                hint=f"See what is left to do: sealgen push {push.environment} --dry-run",
            )
        yield write


def _places(environment: Environment, names: Sequence[str]) -> dict[str, Stored]:
    """Return where each of the values is to be, in the order of the environment file.

    Where an operator reads values, nothing is sealed that would have made those that are kept: they are among them.
    """
    places = dict(environment.push)
    if isinstance(environment.backend, ExternalSecretsBackend):
        places |= {
            name: value.source.stored for name, value in environment.values.items() if isinstance(value.source, Kept)
        }
        places = {name: places[name] for name in environment.values if name in places}
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


def _places_of(place: Stored, value: Value) -> set[Part]:
    return {place.at_part(part) for part in value.source.parts}


def _is_there_by_nature(place: Stored, value: Value) -> bool:
    """Tell whether a value is read from where it would be put."""
    return _places_of(place, value) == set(parts_in_stores([value.source]))


def _is_made_there(place: Stored, value: Value) -> bool:
    """Tell whether a value is a generated one that no other place has."""
    if isinstance(value.source, Kept):
        return _is_there_by_nature(place, value)
    return value.source.made and not isinstance(value.source, Prompt)


def _deed(held: Held, content: Mapping[Part, Secret]) -> Deed:
    if all(held.is_free(part) for part in content):
        return Deed.CREATE
    found = [(held.value(part), secret) for part, secret in content.items()]
    same = all(there is not None and there.reveal() == secret.reveal() for there, secret in found)
    return Deed.UNCHANGED if same else Deed.UPDATE


def _problem(held: Held, environment: str, content: Mapping[Part, Secret], *, takes_over: bool) -> str | None:
    """Say why an entry must not, or can't, be written; None if it can."""
    if not takes_over and (stranger := held.not_ours(environment)):
        return f"{stranger}; --force takes it over"
    return held.problem(content)
