"""What an environment wants and what is there, gathered without any plaintext: files in, frozen data out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sealgen import lock, recipe
from sealgen.config import FOLDER
from sealgen.config.backends import SealedSecretsBackend
from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.errors import ConfigurationError, Mark
from sealgen.kubernetes import access, external_secret, kustomization, own_files, rollout, sealed_secret
from sealgen.kubernetes.sealed_secret import SealedSecret
from sealgen.plan import DesiredKey, DesiredSecret
from sealgen.recipe import Reference
from sealgen.reconcile import left_behind
from sealgen.reconcile.manifests import render_manifests
from sealgen.reconcile.previous import previous_keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.config.secrets import SecretEntry
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.lock import Lock


@dataclass(frozen=True)
class OverlayFile:
    """A manifest in the output folder: its bytes as they are, and what they say."""

    content: bytes
    sealed: SealedSecret
    stale: bool
    """Whether it would be written differently, were its ciphertexts to stay as they are."""


@dataclass(frozen=True)
class Survey:
    """An environment with its templates rendered, its lock and its overlay."""

    environment: Environment
    manifests: Mapping[str, SecretManifest]
    """What the templates want, by the Secret's name, in the order of the environment file."""
    lock: Lock
    lock_content: bytes | None
    kustomization_path: PurePosixPath
    """Where the overlay's kustomization is, or is to be, from the project's root."""
    kustomization: bytes | None
    files: Mapping[str, OverlayFile]
    """What the overlay has, by the Secret's name; of Secrets that the environment or the lock knows."""
    access: bytes | None
    """What the overlay's manifest of Roles holds; None where sealgen wrote none."""
    rollout: Mapping[str, bytes]
    """What the overlay's files for rolling out hold, by name; those that sealgen wrote."""
    external: Mapping[str, bytes]
    """What the overlay has from when External Secrets made its Secrets, by filename; it gives way."""

    @cached_property
    def wanted_access(self) -> bytes | None:
        """What the manifest of Roles is to hold; None where nobody is granted anything."""
        granted = self.environment.access
        return access.to_yaml(granted, self.environment.file).encode() if granted else None

    @property
    def lock_path(self) -> PurePosixPath:
        """Where the lock is, from the project's root."""
        return lock_path(self.environment.name)

    @cached_property
    def entries(self) -> Mapping[str, SecretEntry]:
        """The environment's secrets by name."""
        return {entry.name: entry for entry in self.environment.secrets}

    @cached_property
    def filenames(self) -> Mapping[str, str]:
        """Where the lock has each Secret's manifest."""
        return {secret: locked.filename for (secret, _), locked in self.lock.keys.items()}

    @cached_property
    def previous(self) -> Mapping[tuple[str, str], str]:
        """The keys that keep the version before of another, by Secret and that other; raises ConfigurationError."""
        return previous_keys(self.environment.values.values(), self.manifests.values())

    @cached_property
    def desired(self) -> tuple[DesiredSecret, ...]:
        """What the plan compares with the lock."""
        return tuple(
            DesiredSecret(
                secret.name,
                secret.namespace,
                secret.scope,
                self.entries[secret.name].filename,
                {
                    name: DesiredKey(
                        recipe.digest(key.recipe),
                        tuple(sorted(recipe.values_in(key.recipe))),
                        self.previous.get((secret.name, name), ""),
                    )
                    for name, key in secret.keys.items()
                },
            )
            for secret in self.manifests.values()
        )

    @cached_property
    def values(self) -> Sequence[str]:
        """The values that some key is made of, sorted."""
        return sorted({name for secret in self.desired for key in secret.keys.values() for name in key.values})

    @cached_property
    def desired_keys(self) -> Mapping[str, Mapping[str, DesiredKey]]:
        """What the plan compares of each key, by Secret and key."""
        return {secret.name: secret.keys for secret in self.desired}

    @cached_property
    def alone(self) -> Mapping[Reference, tuple[tuple[str, str], ...]]:
        """The keys that the lock has of a value alone, in its present version: by value or part of one."""
        values = self.environment.values.items()
        references = [Reference(name, part) for name, value in values for part in value.source.parts]
        known = {recipe.digest((reference,)): reference for reference in references}
        places: dict[Reference, tuple[tuple[str, str], ...]] = {}
        for place, locked in self.lock.keys.items():
            held = known.get(locked.recipe)
            if held is None or locked.values.keys() != {held.value}:
                continue
            if locked.values[held.value] == self.lock.values[held.value].version:
                places[held] = (*places.get(held, ()), place)
        return places

    @cached_property
    def ciphertexts(self) -> Mapping[tuple[str, str], str]:
        """SHA-256 digests of what the overlay holds, by Secret and key."""
        return {
            (name, key): ciphertext_digest(text)
            for name, file in self.files.items()
            for key, text in file.sealed.encrypted_data.items()
        }

    @cached_property
    def stale(self) -> frozenset[str]:
        """The Secrets whose manifest would be written differently, were its ciphertexts to stay as they are."""
        return frozenset(name for name, file in self.files.items() if file.stale)

    @cached_property
    def unlisted(self) -> frozenset[str]:
        """The Secrets whose manifest is there and has no entry in the overlay's kustomization."""
        listed = kustomization.resources(self.kustomization, str(self.kustomization_path))
        return frozenset(
            name for name in self.files if name in self.entries and self.entries[name].filename not in listed
        )

    @cached_property
    def access_listed(self) -> bool:
        """Whether the overlay's kustomization has the manifest of Roles."""
        return access.FILENAME in kustomization.resources(self.kustomization, str(self.kustomization_path))

    @cached_property
    def moved(self) -> frozenset[str]:
        """The Secrets that the lock has under another file name than the environment."""
        return frozenset(
            secret
            for secret, filename in self.filenames.items()
            if secret in self.entries and self.entries[secret].filename != filename
        )


def lock_path(environment: str) -> PurePosixPath:
    """Return the path of an environment's lock from the project's root."""
    return PurePosixPath(FOLDER) / f"{environment}.lock"


def read_lock(content: bytes | None, environment: str) -> Lock:
    """Return what an environment's lock says, whatever line ends Git gave it; an empty one where there is none."""
    return (
        lock.read(content.replace(b"\r\n", b"\n"), str(lock_path(environment))) if content is not None else lock.Lock()
    )


def written_to(environment: Environment) -> tuple[PurePosixPath, ...]:
    """Return the files and folders, from the project's root, that some command may write for an environment.

    They are the same for all commands, as each finishes what another was interrupted in.
    """
    places = [environment.output, lock_path(environment.name), PurePosixPath(FOLDER)]
    if isinstance(environment.backend, SealedSecretsBackend) and "://" not in environment.backend.certificate:
        places.append(PurePosixPath(environment.backend.certificate))
    return tuple(places)


def text_of(secret: SecretManifest, encrypted_data: Mapping[str, str]) -> str:
    """Return the manifest that seals ``secret`` with these ciphertexts."""
    return sealed_secret.to_yaml(_sealed(secret, encrypted_data))


def _sealed(secret: SecretManifest, encrypted_data: Mapping[str, str]) -> SealedSecret:
    return SealedSecret(
        name=secret.name,
        namespace=secret.namespace,
        scope=secret.scope,
        encrypted_data=encrypted_data,
        type=secret.type,
        labels=secret.labels,
        annotations=secret.annotations,
        immutable=secret.immutable,
    )


def survey(project: Project, environment: Environment) -> Survey:
    """Read the templates, the lock and the overlay of an environment.

    Raises ConfigurationError for what is malformed, and for a manifest that sealgen did not write.
    """
    manifests = render_manifests(project, environment)
    lock_content = project.read(lock_path(environment.name))
    locked = read_lock(lock_content, environment.name)
    written = {secret: known.filename for (secret, _), known in locked.keys.items()}
    taken = set(written.values())
    files = {}
    for secret, filename in written.items():
        if (file := _overlay_file(project, environment, secret, filename, manifests.get(secret))) is not None:
            files[secret] = file
    kustomization_path, kustomized = kustomization_of(project, environment)
    listed = kustomization.resources(kustomized, str(kustomization_path))
    filenames = {entry.filename for entry in environment.secrets}
    beside = {
        name: content
        for name in sorted({*filenames, *filter(left_behind.is_name, listed)} - taken)
        if (content := project.read(environment.output / name)) is not None
    }
    for entry in environment.secrets:
        there = beside.get(entry.filename)
        if there is not None and not own_files.is_ours(there, access.FIELD, rollout.FIELD, *external_secret.FIELDS):
            raise ConfigurationError(
                f"{environment.output / entry.filename} is there, but sealgen did not write it",
                hint=f"Move it away, or give the secret '{entry.name}' another filename.",
            )
    roles = _own_file(project, environment, access.FILENAME, access.FIELD, taken, wanted=bool(environment.access))
    rolling = {
        name: content
        for name in rollout.LISTED_IN
        if (content := _own_file(project, environment, name, rollout.FIELD, taken, wanted=environment.rollout.given))
    }
    surveyed = Survey(
        environment=environment,
        manifests=manifests,
        lock=locked,
        lock_content=lock_content,
        kustomization_path=kustomization_path,
        kustomization=kustomized,
        files=files,
        access=roles,
        rollout=rolling,
        external={
            name: content for name, content in beside.items() if own_files.is_ours(content, *external_secret.FIELDS)
        },
    )
    previous_keys(environment.values.values(), manifests.values())
    return surveyed


def _own_file(
    project: Project, environment: Environment, name: str, field: str, taken: set[str], *, wanted: bool
) -> bytes | None:
    """Return what a file beside the Secrets holds that comes from ``field``; None where sealgen wrote none.

    ``taken`` are the names of the Secrets' own files. Raises ConfigurationError for another file in its place where
    one is ``wanted``.
    """
    path = environment.output / name
    content = None if name in taken else project.read(path)
    if content is None or own_files.is_ours(content, field):
        return content
    if wanted:
        raise ConfigurationError(
            f"{path} is there, but sealgen did not write it: its first line does not say so",
            hint=f"Move it away, or restore it from Git; {field}: of the environment file is written there.",
        )
    return None


def kustomization_of(project: Project, environment: Environment) -> tuple[PurePosixPath, bytes | None]:
    """Return where the overlay's kustomization is, by one of the names that kustomize knows, and its bytes."""
    for name in kustomization.FILENAMES:
        path = environment.output / name
        if (content := project.read(path)) is not None:
            _check_merged(content, path)
            return path, content
    return environment.output / kustomization.FILENAME, None


def _overlay_file(
    project: Project, environment: Environment, secret: str, filename: str, manifest: SecretManifest | None
) -> OverlayFile | None:
    path = environment.output / filename
    content = project.read(path)
    if content is None:
        return None
    # What is just as it would be written, as nearly all is, need not be understood.
    written = content.replace(b"\r\n", b"\n")
    if manifest is not None:
        sealed = _sealed(manifest, sealed_secret.ciphertexts(written))
        if sealed_secret.to_yaml(sealed).encode() == written:
            return OverlayFile(content, sealed, stale=False)
    _check_merged(content, path)
    try:
        sealed = sealed_secret.read(content, str(path))
    except ConfigurationError as error:
        hint = error.hint or f"Restore the file from Git: by the lock, it is the manifest of '{secret}'."
        raise ConfigurationError(error.message, at=error.at, hint=hint) from None
    if sealed.name != secret:
        raise ConfigurationError(
            f"{path} is the SealedSecret '{sealed.name}', but the lock says '{secret}'; restore one of them from Git"
        )
    stale = manifest is not None and text_of(manifest, sealed.encrypted_data).encode() != written
    return OverlayFile(content, sealed, stale)


def _check_merged(content: bytes, path: PurePosixPath) -> None:
    # YAML's own error would be about an indentation or a colon.
    for number, line in enumerate(content.splitlines(), start=1):
        if line.startswith((b"<<<<<<< ", b">>>>>>> ")):
            raise ConfigurationError(
                "a merge conflict; keep the lines of one side, and those that belong to them in the lock, "
                "then run 'sealgen plan'",
                at=Mark(str(path), number, 1),
            )
