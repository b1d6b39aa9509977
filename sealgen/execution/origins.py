"""Where the values that the steps of a rotation read are: sealed and live in the cluster, or in a store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import CannotTell, SealgenError
from sealgen.recipe import Reference
from sealgen.reconcile import read_back
from sealgen.reconcile.manifests import keys_of, render_manifests
from sealgen.reconcile.planning import check_rotatable, sealed_secrets_backend
from sealgen.reconcile.pushing import places_of
from sealgen.reconcile.survey import survey
from sealgen.rotation.journal import Before
from sealgen.template.names import value_before
from sealgen.values import rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.execution.record import Record
    from sealgen.reconcile.survey import Survey
    from sealgen.rotation.journal import Held, Journal
    from sealgen.values.secret import Secret
    from sealgen.values.source import Surroundings

Found: TypeAlias = "Secret | SealgenError"
"""A value, or why it can't be had."""


class Origin(Protocol):
    """Where an environment's values are, and what that makes of a rotation of them."""

    @property
    def environment(self) -> Environment:
        """The environment."""

    @property
    def with_next(self) -> Origin:
        """The origin once the next versions are made."""

    def check(self, values: Sequence[str]) -> None:
        """Raise ConfigurationError unless these can be rotated."""

    def keys(self, value: str) -> list[str]:
        """Return the keys (``SECRET/KEY``) that a value is part of."""

    def unfinished(self, record: Record) -> Journal | None:
        """Return the journal of a rotation that was begun; one that ended before anything was changed is dropped."""

    def check_unmoved(self, journal: Journal) -> None:
        """Raise SealgenError where the values are no longer those that a rotation has put there."""

    def before(self, wanted: Iterable[Reference], earlier: Journal | None) -> tuple[Before, ...]:
        """Return where the versions before that are wanted are live, also by the journal of an earlier try."""

    def read(self, wanted: Iterable[Reference], before: Iterable[Before]) -> Mapping[Reference, Found]:
        """Return these values, and versions ``before`` by where those are live."""


def origin_of(project: Project, environment: Environment, surroundings: Surroundings) -> Origin:
    """Return the origin of an environment's values, before their next versions are made.

    Raises ConfigurationError for a plain environment, and for what is malformed.
    """
    if isinstance(environment.backend, ExternalSecretsBackend):
        return Store(project, environment, surroundings)
    sealed_secrets_backend(environment)
    return LiveSecrets(project, survey(project, environment), surroundings)


def _obtained(environment: Environment, reference: Reference, surroundings: Surroundings) -> Found:
    value = environment.values[reference.value]
    try:
        parts = value.source.obtain(reference.value, surroundings)
        rules.check(reference.value, value.rules, parts)
    except SealgenError as error:
        return error
    return parts[reference.part]


def ways_on(environment: Environment) -> str:
    """Say what can be done about a rotation that is not finished."""
    command = f"sealgen rotate {environment.name}"
    in_store = isinstance(environment.backend, ExternalSecretsBackend)
    again = "" if in_store else f"begin it again with another version: {command} --restart; "
    return (
        f"Go on with it: {command} --resume; {again}"
        f"undo what was done: {command} --rollback; or give it up: {command} --abandon"
    )


def remains(environment: Environment) -> str:
    """Say what stays of a rotation that is undone or given up."""
    if isinstance(environment.backend, ExternalSecretsBackend):
        return "the new version stays in the store: put the one before back there, from its history, to have that"
    return (
        "the new version stays sealed in the work tree: restore the lock and the overlay from Git to have the old one"
    )


@dataclass(frozen=True)
class LiveSecrets:
    """Sealed values: what was stored nowhere is read back from the live Secrets."""

    project: Project
    surveyed: Survey
    surroundings: Surroundings

    @property
    def environment(self) -> Environment:
        """As of any origin."""
        return self.surveyed.environment

    @property
    def with_next(self) -> Origin:
        """As of any origin."""
        return self

    def check(self, values: Sequence[str]) -> None:
        """As of any origin."""
        check_rotatable(self.environment, frozenset(values), self.surveyed.values)

    def keys(self, value: str) -> list[str]:
        """As of any origin."""
        return keys_of(self.surveyed.manifests, value)

    def unfinished(self, record: Record) -> Journal | None:
        """As of any origin: by the lock."""
        journal = record.read()
        if journal is None:
            return None
        locked = {name: value.version for name, value in self.surveyed.lock.values.items()}
        if all(locked.get(name) == versions.before for name, versions in journal.values.items()):
            record.forget()
            return None
        return journal

    def check_unmoved(self, journal: Journal) -> None:
        """As of any origin: by the lock."""
        locked = self.surveyed.lock.values
        for name, versions in journal.values.items():
            now = locked[name].version if name in locked else None
            if now != versions.after:
                raise SealgenError(
                    f"{self.environment.name}: {name} is another version now than the one that was rotated to",
                    hint=f"Somebody sealed it again. {ways_on(self.environment)}",
                )

    def before(self, wanted: Iterable[Reference], earlier: Journal | None) -> tuple[Before, ...]:
        """As of any origin."""
        known = {(before.value, before.part): before.places for before in (earlier.previous if earlier else ())}
        found = []
        for reference in wanted:
            if (value := value_before(reference.value)) is not None:
                now = read_back.places(self.surveyed, Reference(value, reference.part))
                places = dict.fromkeys((*now, *known.get((value, reference.part), ())))
                found.append(Before(value, reference.part, tuple(places)))
        return tuple(found)

    def read(self, wanted: Iterable[Reference], before: Iterable[Before]) -> Mapping[Reference, Found]:
        """As of any origin."""
        known = {(each.value, each.part): each.places for each in before}
        live: dict[Reference, tuple[Held, ...]] = {}
        found: dict[Reference, Found] = {}
        for reference in wanted:
            if (value := value_before(reference.value)) is not None:
                live[reference] = known.get((value, reference.part), ())
            elif self.environment.values[reference.value].source.made:
                live[reference] = read_back.places(self.surveyed, reference)
            else:
                found[reference] = _obtained(self.environment, reference, self.surroundings)
        return found | read_back.live_values(self.project, self.environment, live)


@dataclass(frozen=True)
class Store:
    """Values that an operator reads from a store: what is there counts, whoever has put it there.

    So steps may be repeated with it at any time. The version before is there until the next one is put, and by its own
    number after that, where the store keeps versions.
    """

    project: Project
    environment: Environment
    surroundings: Surroundings
    has_next: bool = False
    """Whether the store has the next version, and no longer the one before."""

    @property
    def with_next(self) -> Origin:
        """As of any origin."""
        return replace(self, has_next=True)

    def check(self, values: Sequence[str]) -> None:
        """As of any origin."""
        check_rotatable(self.environment, frozenset(values), list(places_of(self.environment)))

    def keys(self, value: str) -> list[str]:
        """As of any origin."""
        return keys_of(render_manifests(self.project, self.environment), value)

    def unfinished(self, record: Record) -> Journal | None:
        """As of any origin: a run that ended may have put the next version, so that the journal is never dropped."""
        return record.read()

    def check_unmoved(self, journal: Journal) -> None:
        """As of any origin: what the store has is right."""

    def before(self, wanted: Iterable[Reference], earlier: Journal | None) -> tuple[Before, ...]:
        """As of any origin: by the version that the store has now."""
        return tuple(
            Before(value, reference.part, version=self._version(value))
            for reference in wanted
            if (value := value_before(reference.value)) is not None
        )

    def _version(self, value: str) -> str | None:
        place = places_of(self.environment).get(value)
        if place is None:
            return None
        try:
            return self.surroundings.stores.look(place.part.entry, place.part.timeout).version
        except SealgenError:  # which is told where the value is needed
            return None

    def read(self, wanted: Iterable[Reference], before: Iterable[Before]) -> Mapping[Reference, Found]:
        """As of any origin."""
        versions = {Reference(each.value, each.part): each.version for each in before}
        return {reference: self._read(reference, versions) for reference in wanted}

    def _read(self, reference: Reference, versions: Mapping[Reference, str | None]) -> Found:
        value = value_before(reference.value)
        name = reference.value if value is None else value
        if value is None and not self.environment.values[name].source.made:
            return _obtained(self.environment, reference, self.surroundings)
        place = places_of(self.environment).get(name)
        if place is None:
            return CannotTell("it is in no store")
        part = place.at_part(reference.part)
        if value is not None and self.has_next:
            version = versions.get(Reference(name, reference.part))
            if version is None:
                return CannotTell("the store has the next version by now, and keeps none before")
            part = replace(part, entry=replace(part.entry, version=version))
        try:
            return self.surroundings.stores.read(name, part)
        except SealgenError as error:
            return error
