"""What another backend left in an overlay: sealgen wrote it, and it gives way when an environment's backend changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.kubernetes import kustomization, own_files, rollout, sealed_secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.lock import Lock


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
