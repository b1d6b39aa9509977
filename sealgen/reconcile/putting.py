"""Putting values into the stores where others read them: what is there is compared first, and only what differs is put.

Where an operator reads a store, the lock tells which version of each value was put there, and when. Whoever puts one
holds the environment meanwhile. A run that ends between the store and the lock leaves an older line, or none: a value
seems older than it is, never younger.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import CannotTell, SealgenError
from sealgen.overlay import transaction
from sealgen.overlay.transaction import FileChange
from sealgen.reconcile import value_lines
from sealgen.reconcile.sealed_objects import read_lock
from sealgen.reconcile.survey import lock_path, written_to

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.values.entry import Entry, Part
    from sealgen.values.secret import Secret
    from sealgen.values.source import Held, Stores
    from sealgen.values.stored import Stored


class Deed(StrEnum):
    """What becomes of a value in its store."""

    CREATE = "create"
    UPDATE = "update"
    ROTATE = "rotate"
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
    """Some value can't be put, and nothing was; ``command`` is the one that would put the others."""

    def __init__(self, push: Push, command: str) -> None:
        name = push.environment
        others = any(row.deed not in (Deed.REFUSED, Deed.UNKNOWN) for row in push.rows)
        hint = f"To {command} the others, name them: sealgen {command} {name} VALUE…" if others else None
        super().__init__(f"{name}: not all of it can be {_PARTICIPLES[command]}, so nothing was put", hint=hint)
        self.push = push


_PARTICIPLES = {"push": "pushed", "rotate": "rotated"}

Wanted: TypeAlias = "Mapping[Part, Secret] | Row"
"""A value's parts by where each is to be, or what becomes of it without them."""


def compare(
    environment: str,
    places: Mapping[str, Stored],
    wanted: Callable[[Held, str, Stored], Wanted],
    stores: Stores,
    *,
    takes_over: bool,
) -> Push:
    """Compare what is ``wanted`` of each value, by name, with what the entries of the ``places`` hold.

    ``takes_over`` allows to write entries that are not sealgen's. Nothing is written.
    """
    by_entry: dict[Entry, list[str]] = {}
    for name, place in places.items():
        by_entry.setdefault(place.part.entry, []).append(name)
    looked = stores.look_all(
        {entry: max(places[name].part.timeout for name in names) for entry, names in by_entry.items()}
    )
    rows: dict[str, Row] = {}
    writes = []
    for entry, names in by_entry.items():
        held = looked[entry]
        if isinstance(held, SealgenError):
            rows |= {name: Row(name, places[name], Deed.UNKNOWN, held.message) for name in names}
            continue
        found = {name: wanted(held, name, places[name]) for name in names}
        contents = {name: content for name, content in found.items() if not isinstance(content, Row)}
        rows |= {name: row for name, row in found.items() if isinstance(row, Row)}
        deeds = {name: _deed(held, content) for name, content in contents.items()}
        changed = tuple(name for name, deed in deeds.items() if deed is not Deed.UNCHANGED)
        content = {part: secret for name in changed for part, secret in contents[name].items()}
        problem = _problem(held, environment, content, takes_over=takes_over) if changed else None
        for name, deed in deeds.items():
            refused = problem is not None and name in changed
            rows[name] = Row(name, places[name], Deed.REFUSED if refused else deed, (problem or "") if refused else "")
        if changed and problem is None:
            writes.append(Write(held, changed, content))
    return Push(environment, tuple(rows[name] for name in places), tuple(writes))


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


@dataclass(frozen=True)
class Ended:
    """What was put."""

    push: Push
    done: frozenset[str]
    """The values that were put."""
    error: SealgenError | None
    """What went wrong before all of them were."""


def carry_out(
    project: Project,
    name: str,
    prepare: Callable[[Environment], Push],
    *,
    approve: Callable[[Push], None],
    now: dt.datetime,
    tell: Callable[[str], None],
    waiting: Callable[[str], None] | None,
) -> Ended:
    """Put what ``prepare`` finds to put, and note it in the lock where an operator reads it.

    ``approve`` may raise what ends the run before anything is put. ``tell`` and ``waiting`` are as for
    ``sealing.seal``, ``now`` is the time in UTC. Raises SealgenError where nothing was put.
    """
    environment = project.environment(name)
    if not isinstance(environment.backend, ExternalSecretsBackend):
        approve(push := prepare(environment))
        return _put(push, [])
    with transaction.exclusive(project.root, name, written_to(environment), waiting) as run:
        if run.recovered:
            tell(run.recovered)
            environment = project.environment(name)
        content, lock = read_lock(project, name)
        approve(push := prepare(environment))
        done: list[str] = []
        try:
            return _put(push, done)
        finally:
            if done:
                today, token = now.date().isoformat(), secrets.token_hex(4)
                after = value_lines.content(value_lines.with_next_versions(lock, environment, done, today, token))
                try:
                    run.apply([FileChange(lock_path(name), content, after)])
                except SealgenError as error:
                    error.message = f"{', '.join(done)} put, but not noted in the lock: {error.message}"
                    raise


def _put(push: Push, done: list[str]) -> Ended:
    """Put what is to be put, and note each value in ``done``."""
    error = None
    try:
        for write in push.writes:
            if not write.held.put(write.content, push.environment):
                raise SealgenError(
                    f"{write.held.label}: somebody else has written it just now, so it was not",
                    hint=f"See what is left to do: sealgen push {push.environment} --dry-run",
                )
            done += write.names
    except SealgenError as failure:
        error = failure
        if done:
            told = f"Put before that: {', '.join(sorted(done))}."
            error.hint = f"{error.hint} {told}" if error.hint else told
    return Ended(push, frozenset(done), error)
