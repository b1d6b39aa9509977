"""What another backend left in an overlay: sealgen wrote it, and it gives way when an environment's backend changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.kubernetes import kustomization, own_files, rollout, sealed_secret
from sealgen.lock import Lock
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project


def is_name(entry: str) -> bool:
    """Tell whether an entry of a kustomization names a manifest in the overlay itself, and no folder or URL."""
    return "/" not in entry and entry.endswith((".yaml", ".yml"))


def of_sealing(project: Project, environment: Environment, lock: Lock) -> dict[str, bytes]:
    """Return an overlay's SealedSecrets that the lock knows, and its files for rolling them out, by filename.

    A file that is another thing by now is none of them.
    """
    secrets = {locked.filename: secret for (secret, _), locked in lock.keys.items()}
    found = {}
    for filename in {**secrets, **rollout.LISTED_IN}:
        content = project.read(environment.output / filename)
        if content is None:
            continue
        is_sealed = filename in secrets and _is_sealed(content, secrets[filename])
        if is_sealed or own_files.is_ours(content, rollout.FIELD):
            found[filename] = content
    return found


def _is_sealed(content: bytes, secret: str) -> bool:
    try:
        return sealed_secret.read(content, "").name == secret
    except SealgenError:
        return False


def by_field(filenames: Iterable[str]) -> dict[str, list[str]]:
    """Return files of an overlay, sorted, by the field of its kustomization that has them."""
    found: dict[str, list[str]] = {}
    for filename in sorted(filenames):
        found.setdefault(rollout.LISTED_IN.get(filename, kustomization.RESOURCES), []).append(filename)
    return found


def without_keys(lock: Lock, environment: Environment) -> Lock | None:
    """Return what a lock tells where nothing is sealed: how old each value is. None where it tells nothing.

    A literal is of no age that matters, and a value that is gone of none at all.
    """
    aging = {name for name, value in environment.values.items() if not isinstance(value.source, Literal)}
    values = {name: locked for name, locked in lock.values.items() if name in aging}
    if not values:
        return None
    keyed = any(locked.version.startswith("hmac-") for locked in values.values())
    return Lock(lock.fingerprint_key if keyed else None, values)
