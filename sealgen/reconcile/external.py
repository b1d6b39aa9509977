"""An environment of External Secrets: its ExternalSecrets and their store are written, and no value is ever read.

What is written follows from the environment file and the templates alone, so there is nothing that a lock would have
to remember: what is there says itself what it was made of. What was sealed before gives way, and so do its lines in
the lock; those that tell how old values are stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.backends.external_secrets import external_secret
from sealgen.config import FOLDER
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import ConfigurationError, SealgenError
from sealgen.kubernetes import access, generator, kustomization, own_files
from sealgen.kubernetes import external_secret as objects
from sealgen.overlay import transaction
from sealgen.overlay.transaction import FileChange
from sealgen.plan import Action, Plan, Reason, Step
from sealgen.reconcile import left_behind, value_lines
from sealgen.reconcile.generated import by_operator, generators
from sealgen.reconcile.manifests import render_manifests, values_used
from sealgen.reconcile.survey import kustomization_of, lock_path, read_lock, written_to
from sealgen.values.kept import Kept
from sealgen.values.literal import Literal
from sealgen.values.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence, Set

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.kubernetes.external_secret import ExternalSecret
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.lock import Lock
    from sealgen.values.entry import Part, Store

_OURS = (*objects.FIELDS, access.FIELD)
"""The fields that files of such an overlay come from."""


@dataclass(frozen=True)
class External:
    """What an environment of External Secrets is to hold, against what it holds."""

    environment: Environment
    plan: Plan
    manifests: Mapping[str, SecretManifest]
    """What the templates want, by the Secret's name."""
    used: Sequence[str]
    """The values that some key is made of, sorted."""
    lock: Lock
    changes: tuple[FileChange, ...]

    @property
    def secrets(self) -> int:
        """How many Secrets the operator makes."""
        return len(self.manifests)

    @property
    def keys(self) -> int:
        """How many keys they have."""
        return sum(len(secret.keys) for secret in self.manifests.values())


@dataclass(frozen=True)
class Wanted:
    """What the environment file and the templates give."""

    manifests: Mapping[str, SecretManifest]
    externals: Mapping[str, ExternalSecret]
    """Both by the Secret's name."""
    used: Sequence[str]
    """The values that some key is made of, sorted."""
    files: Mapping[str, bytes]
    """All that the output folder is to hold, by filename."""


def wanted(project: Project, environment: Environment, backend: ExternalSecretsBackend) -> Wanted:
    """Return what the environment file and the templates give.

    Raises ConfigurationError for what is malformed, and for a key that the operator can't make.
    """
    manifests = render_manifests(project, environment)
    used = values_used(manifests)
    if keeping := next((name for name in used if environment.values[name].keep_previous is not None), None):
        raise ConfigurationError(
            f"values.{keeping}.keep_previous: the operator reads one version, so that no key can have the one before",
            hint=f"Take it out of this environment: in {FOLDER}/{environment.name}.yaml, "
            f"values: {{{keeping}: {{keep_previous: null}}}}",
        )
    places = places_of(environment, backend, sorted({*used, *by_operator(environment)}))
    externals = {
        name: external_secret(manifest, environment.values, places, backend) for name, manifest in manifests.items()
    }
    version, file = backend.api_version, environment.file
    files = {entry.filename: objects.to_yaml(externals[entry.name], version, file) for entry in environment.secrets}
    if backend.store.provider is not None:
        files[objects.STORE_FILENAME] = objects.store_to_yaml(backend.store, environment.namespace, version, file)
    if made := generators(environment, backend, places):
        files[objects.GENERATORS_FILENAME] = generator.to_yaml(made, file)
    if environment.access:
        files[access.FILENAME] = access.to_yaml(environment.access, file)
    return Wanted(manifests, externals, used, {filename: text.encode() for filename, text in files.items()})


def survey(project: Project, environment: Environment, backend: ExternalSecretsBackend) -> External:
    """Compare what the environment file and the templates give with what is there.

    Raises ConfigurationError as ``wanted`` does, and for a file in the way that sealgen did not write.
    """
    given = wanted(project, environment, backend)
    overlay = _Overlay(project, environment)
    there = {filename: overlay.put(filename, content) for filename, content in given.files.items()}
    steps: list[Step] = []
    for entry in environment.secrets:
        sealed = {key for secret, key in overlay.lock.keys if secret == entry.name}
        steps += _steps(given.externals[entry.name], there[entry.filename], given.files[entry.filename], sealed)
    wholes = (
        (objects.STORE_FILENAME, backend.store.name),
        (objects.GENERATORS_FILENAME, "generators"),
        (access.FILENAME, ""),
    )
    for filename, name in wholes:
        if filename in given.files:
            steps += _whole(name, there[filename], given.files[filename])
    steps += overlay.dropped()
    return External(
        environment,
        Plan(tuple(steps), (), (), {}),
        given.manifests,
        given.used,
        overlay.lock,
        tuple(overlay.changes()),
    )


class _Overlay:
    """The output folder: what sealgen wrote there, and what is to be there."""

    def __init__(self, project: Project, environment: Environment) -> None:
        self._project = project
        self._environment = environment
        self._kustomization_path, self._kustomization = kustomization_of(project, environment)
        self._listed = kustomization.resources(self._kustomization, str(self._kustomization_path))
        self._lock_content = project.read(lock_path(environment.name))
        self.lock = read_lock(self._lock_content, environment.name)
        self._sealed = left_behind.of_sealing(project, environment, self.lock) if self.lock.keys else {}
        self._before: dict[str, bytes | None] = {}
        self._after: dict[str, bytes] = {}

    def put(self, filename: str, content: bytes) -> bytes | None:
        """Note what a file is to hold, and return what it holds."""
        path = self._environment.output / filename
        there = self._project.read(path)
        if there is not None and not _is_ours(there) and filename not in self._sealed:
            raise ConfigurationError(
                f"{path} is there, but sealgen did not write it: its first line does not say so",
                hint="Move it away, or restore it from Git.",
            )
        self._before[filename], self._after[filename] = there, content
        return there

    def dropped(self) -> Iterator[Step]:
        """Yield the steps on what sealgen wrote and that is no longer wanted; it is to go."""
        for filename in self._listed:
            if filename in self._after or not left_behind.is_name(filename):
                continue
            content = self._project.read(self._environment.output / filename)
            if content is not None and _is_ours(content):
                self._before[filename] = content
                yield _dropped(filename, content)
        names = {locked.filename: secret for (secret, _), locked in self.lock.keys.items()}
        for filename in sorted(self._sealed.keys() - self._after.keys()):
            self._before[filename] = self._sealed[filename]
            yield Step(names.get(filename, filename), "", Action.DROP, Reason.BACKEND)

    def changes(self) -> Iterator[FileChange]:
        """Yield what changes, the kustomization and the lock last."""
        changed = False
        for filename, before in self._before.items():
            after = self._after.get(filename)
            if before != after:
                changed = True
                yield FileChange(self._environment.output / filename, before, after)
        add = left_behind.by_field(self._after)
        remove = left_behind.by_field(self._before.keys() - self._after.keys())
        listed = self._kustomization
        for field in sorted({*add, *remove}):
            path = str(self._kustomization_path)
            listed = kustomization.update(listed, path, add.get(field, []), remove.get(field, []), field)
        if listed != self._kustomization:
            changed = True
            yield FileChange(self._kustomization_path, self._kustomization, listed)
        # A line of a value that is gone does no harm, and is no reason to write.
        if changed or self.lock.keys:
            left = value_lines.content(value_lines.without_keys(self.lock, self._environment))
            if left != self._lock_content:
                yield FileChange(lock_path(self._environment.name), self._lock_content, left)


def _is_ours(content: bytes) -> bool:
    return own_files.is_ours(content, *_OURS)


def _whole(name: str, before: bytes | None, after: bytes) -> Iterator[Step]:
    """Yield the step on a manifest that is no ExternalSecret, if there is one."""
    if before != after:
        yield Step(name, "", Action.WRITE, Reason.NEW if before is None else Reason.METADATA)


def _steps(external: ExternalSecret, before: bytes | None, after: bytes, sealed: Set[str]) -> Iterator[Step]:
    """Yield the steps on a Secret; ``sealed`` are the keys that it had as a SealedSecret until now."""
    there = _read(before)
    template = there.template if there else {}

    def why(key: str) -> Reason:
        return Reason.RECIPE if key in template else Reason.BACKEND if key in sealed else Reason.NEW

    steps = [
        Step(external.name, key, Action.KEEP, Reason.UNCHANGED)
        if template.get(key) == text
        else Step(external.name, key, Action.WRITE, why(key))
        for key, text in external.template.items()
    ]
    steps += [Step(external.name, key, Action.DROP, Reason.NO_KEY) for key in sorted(sealed - external.template.keys())]
    steps += [Step(external.name, key, Action.DROP, Reason.NO_KEY) for key in template if key not in external.template]
    moved = sorted(name for name, place in external.data.items() if there and there.data.get(name, place) != place)
    if moved:
        yield Step(external.name, "", Action.WRITE, Reason.PLACE, ", ".join(moved))
    elif before != after and all(step.action is Action.KEEP for step in steps):
        yield Step(external.name, "", Action.WRITE, Reason.METADATA)
    yield from steps


def _read(content: bytes | None) -> ExternalSecret | None:
    """Return what is there; nothing where it was changed into something else, and is written anew."""
    try:
        return objects.read(content, "") if content is not None else None
    except SealgenError:
        return None


def _dropped(filename: str, content: bytes) -> Step:
    there = _read(content)
    return Step(there.name if there else filename, "", Action.DROP, Reason.NO_ENTRY)


def places_of(environment: Environment, backend: ExternalSecretsBackend, used: Sequence[str]) -> Mapping[str, Part]:
    """Return where these values are, by name: where they are kept, pushed to, or read from; not of literal ones.

    Raises ConfigurationError for one that is nowhere, or not where the operator's store reads.
    """
    places: dict[str, Stored] = {}
    for name in used:
        source = environment.values[name].source
        place = source.stored if isinstance(source, Kept) else environment.push.get(name, source)
        if isinstance(place, Stored) and place.kind in objects.READABLE:
            places[name] = place
        elif not isinstance(source, Literal):
            raise ConfigurationError(
                f"values.{name}: External Secrets can't read it: it is in no store ({source.kind})",
                at=backend.store_at,
                hint=f"Say where 'sealgen push {environment.name}' puts it: "
                f"push: {{vault: 'secret/aura/{environment.name}', property: '{{value}}'}}",
            )
    for name, place in places.items():
        if backend.store.reads not in (None, place.kind):
            raise ConfigurationError(
                f"values.{name} is in a store of kind {place.kind}, and secret_store reads {backend.store.reads}",
                at=backend.store_at,
            )
        if place.kind == "gcp-secretmanager" and "/" in place.part.entry.name:
            raise ConfigurationError(
                f"values.{name}: External Secrets takes the name of a secret alone, and its project is that of the "
                f"store; write {place.part.entry.name.rpartition('/')[2]}",
                at=place.at,
            )
    stores: dict[Store, str] = {}
    for name, place in places.items():
        stores.setdefault(place.part.entry.store, name)
    if len(stores) > 1:
        first, second = list(stores.values())[:2]
        raise ConfigurationError(
            f"values.{first} and values.{second} are in two stores, and secret_store reads one", at=backend.store_at
        )
    return {name: place.part for name, place in places.items()}


def write(
    project: Project,
    environment: Environment,
    backend: ExternalSecretsBackend,
    *,
    tell: Callable[[str], None],
    waiting: Callable[[str], None] | None,
) -> External:
    """Bring the overlay up to date, in one transaction; ``tell`` and ``waiting`` are as for ``sealing.seal``.

    Raises SealgenError as ``survey`` does, and where an interrupted run that is finished first changes the backend.
    """
    with transaction.exclusive(project.root, environment.name, written_to(environment), waiting) as run:
        if run.recovered:
            tell(run.recovered)
            environment = project.environment(environment.name)
            if not isinstance(environment.backend, ExternalSecretsBackend):
                raise SealgenError(
                    f"{environment.name}: the run that was finished has changed the environment's backend",
                    hint=f"See what is to do now: sealgen plan {environment.name}",
                )
            backend = environment.backend
        surveyed = survey(project, environment, backend)
        run.apply(surveyed.changes)
        return surveyed
