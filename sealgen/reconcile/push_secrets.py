"""PushSecrets: the operator puts what Secrets of the cluster hold where ``push`` would put it, and nobody reads it.

A value can be put so where some key of a Secret is the value alone, as it is or in base64. The operator puts an entry
where there is none yet and leaves one that is there, so an entry of several values, which is one document, has to come
from one Secret. The properties at the top of one of Vault's are put each by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sealgen.backends.external_secrets import remote_reference
from sealgen.backends.go_template import TEXT
from sealgen.backends.push_secrets import document, is_property_apart, put
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import CannotTell, ConfigurationError
from sealgen.kubernetes.push_secret import PushSecret
from sealgen.recipe import Filtered, Reference
from sealgen.reconcile import external, generated, pushing
from sealgen.reconcile.manifests import render_manifests, values_used
from sealgen.values.kept import generator_of
from sealgen.values.literal import Literal
from sealgen.values.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.kubernetes.push_secret import Pushed
    from sealgen.recipe import Recipe
    from sealgen.values.entry import Entry


@dataclass(frozen=True)
class Row:
    """A value, where it is to be, and the Secrets whose keys hold it, or why it can't be put."""

    value: str
    place: Stored
    secrets: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class PushSecrets:
    """What is put by the operator, and why the rest is not."""

    environment: str
    rows: tuple[Row, ...]
    """In the order of the environment file."""
    manifests: tuple[PushSecret, ...]
    """One a Secret, in the order of the environment file."""

    @property
    def stuck(self) -> bool:
        """Whether some value can't be put."""
        return any(row.reason for row in self.rows)


class Stuck(CannotTell):
    """Some value can't be put by the operator, and no PushSecret is given."""

    def __init__(self, pushes: PushSecrets) -> None:
        name = pushes.environment
        others = " ".join(row.value for row in pushes.rows if not row.reason)
        hint = f"For the others, name them: sealgen push {name} --push-secrets {others}" if others else None
        super().__init__(f"{name}: the operator can't put all of it, so no PushSecret is printed", hint=hint)


def push_secrets(project: Project, environment: Environment, names: Sequence[str]) -> PushSecrets:
    """Return the PushSecrets for the values called ``names``, or for all that the operator reads where it is told to.

    No value is read. Raises ConfigurationError for an environment of another backend, and for a name that is none or
    has no place.
    """
    backend = environment.backend
    if not isinstance(backend, ExternalSecretsBackend):
        raise ConfigurationError(
            f"{environment.name}: a PushSecret needs the operator's store, and the environment has another backend",
            hint=f"Migrate it first: sealgen migrate {environment.name} --to external-secrets; its Secrets are still "
            "there until the overlay is applied.",
        )
    manifests = render_manifests(project, environment)
    places = pushing.destinations(environment, names)
    used = set(values_used(manifests))
    read = [name for name in pushing.destinations(environment, ()) if name in used and _is_put(environment, name)]
    places = places if names else {name: places[name] for name in read}
    external.places_of(environment, backend, list(places))
    plan = _Plan(environment, manifests, places, read)
    for entry in dict.fromkeys(place.part.entry for place in places.values()):
        plan.add(entry)
    pushes = tuple(
        PushSecret(
            name,
            manifests[name].namespace,
            backend.store,
            next(iter(places.values())).kind,
            tuple(data),
            plan.templates.get(name, {}),
        )
        for name in manifests
        if (data := plan.data.get(name))
    )
    return PushSecrets(environment.name, tuple(plan.rows[name] for name in places), pushes)


def _is_put(environment: Environment, name: str) -> bool:
    """Tell whether the operator reads a value from a place that it is put into."""
    source = environment.values[name].source
    if isinstance(source, Literal):
        return False
    if not isinstance(source, Stored):
        return True
    place = environment.push[name]
    return (source.part.entry, source.part.property) != (place.part.entry, place.part.property)


class _Key(NamedTuple):
    name: str
    is_encoded: bool
    """It is the value in base64."""


class _Plan:
    """What is put of each Secret, as far as entries were added."""

    def __init__(
        self,
        environment: Environment,
        manifests: Mapping[str, SecretManifest],
        places: Mapping[str, Stored],
        read: Sequence[str],
    ) -> None:
        self._environment = environment
        everywhere = pushing.destinations(environment, ())
        self._all = {**{name: everywhere[name] for name in read}, **places}
        self._places = places
        self._holding = _holding(manifests)
        self.rows: dict[str, Row] = {}
        self.data: dict[str, list[Pushed]] = {}
        self.templates: dict[str, dict[str, str]] = {}

    def add(self, entry: Entry) -> None:
        """Add all values that have their places in an entry."""
        in_it = [name for name, place in self._all.items() if place.part.entry == entry]
        names = [name for name in in_it if name in self._places]
        if all(map(self._is_apart, in_it)):
            for name in names:
                self._add_properties(name)
        else:
            stored = [name for name in generated.read_from(self._environment, entry) if name not in self._all]
            self._add_document(entry, names, [*(name for name in in_it if name not in self._places), *stored])

    def _is_apart(self, name: str) -> bool:
        return all(is_property_apart(self._all[name].at_part(reference.part)) for reference in self._references(name))

    def _add_properties(self, name: str) -> None:
        """Add a value of which each part is a property of its own."""
        place = self._places[name]
        if problem := self._problem(name):
            self.rows[name] = Row(name, place, reason=problem)
            return
        secrets = []
        for reference in self._references(name):
            secret = next(iter(self._holding[reference]))
            remote = remote_reference(name, place.at_part(reference.part), place.at)
            self._put(secret, self._content(secret, reference), remote.key, remote.property)
            secrets.append(secret)
        self.rows[name] = Row(name, place, tuple(dict.fromkeys(secrets)))

    def _add_document(self, entry: Entry, names: list[str], left_out: list[str]) -> None:
        """Add the values of an entry that is one document, or one value; ``left_out`` of it are not put."""
        problems = {name: problem for name in names if (problem := self._problem(name))}
        if problems or left_out:
            others = ", ".join([*problems, *left_out])
            reason = f"{entry.name} is put as a whole, and it holds {others} too"
            self.rows |= {name: Row(name, self._places[name], reason=problems.get(name, reason)) for name in names}
            return
        references = [reference for name in names for reference in self._references(name)]
        secret = next((one.name for one in self._environment.secrets if self._has_all(one.name, references)), None)
        if secret is None:
            reason = f"{entry.name} is put as a whole, and no Secret alone holds {', '.join(names)}"
            self.rows |= {name: Row(name, self._places[name], reason=reason) for name in names}
            return
        parts = {reference: self._places[reference.value].at_part(reference.part) for reference in references}
        contents = {parts[reference].property: self._content(secret, reference) for reference in references}
        for reference, part in parts.items():
            remote_reference(reference.value, part, self._places[reference.value].at)
        self._put(secret, document(contents), entry.name)
        self.rows |= {name: Row(name, self._places[name], (secret,)) for name in names}

    def _problem(self, name: str) -> str | None:
        for reference in self._references(name):
            if reference not in self._holding:
                part = f" its part {reference.part}" if reference.part else " it"
                return f"no key of a Secret is{part} alone"
        return None

    def _references(self, name: str) -> list[Reference]:
        return [Reference(name, part) for part in self._environment.values[name].source.parts]

    def _has_all(self, secret: str, references: Iterable[Reference]) -> bool:
        return all(secret in self._holding[reference] for reference in references)

    def _content(self, secret: str, reference: Reference) -> Recipe:
        """Return what the store gets of a value, made of the Secret's keys."""
        key, is_encoded = self._holding[reference][secret]
        held: Recipe = (Reference(key),)
        if self._places[reference.value].part.encoding:
            return held if is_encoded else (Filtered("b64encode", held),)
        value = (Filtered("b64decode", held),) if is_encoded else held
        source = generator_of(self._environment.values[reference.value].source)
        return value if source.made and source.kind == "generate" else (Filtered(TEXT, value),)

    def _put(self, secret: str, content: Recipe, remote_key: str, property_: str = "") -> None:
        pushed, template = put(content, remote_key, property_)
        self.templates.setdefault(secret, {}).update(template)
        self.data.setdefault(secret, []).append(pushed)


def _holding(manifests: Mapping[str, SecretManifest]) -> dict[Reference, dict[str, _Key]]:
    """Return, by reference, the key of each Secret that is the value alone, as it is rather than in base64."""
    found: dict[Reference, dict[str, _Key]] = {}
    for secret, manifest in manifests.items():
        for name, key in manifest.keys.items():
            match key.recipe:
                case (Reference() as reference,):
                    held = _Key(name, is_encoded=False)
                case (Filtered("b64encode", (Reference() as reference,), ()),):
                    held = _Key(name, is_encoded=True)
                case _:
                    continue
            before = found.setdefault(reference, {}).get(secret)
            if before is None or (before.is_encoded and not held.is_encoded):
                found[reference][secret] = held
    return found
