"""Which certificates an environment's keys are sealed with: by its lock, and by what its manifests hold beside that."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.reconcile import sealed_objects
from sealgen.reconcile.sealed_objects import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.config.backends import SealedSecretsBackend
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project


@dataclass(frozen=True)
class Usage:
    """What one environment's keys are sealed with."""

    environment: str
    pin: str
    secrets: Mapping[str | None, Mapping[str, int]]
    """By a certificate's fingerprint, how many keys of which Secret it seals. The pin's comes first, and may seal none;
    under None is what manifests hold and the lock does not tell of."""

    def keys(self, fingerprint: str | None) -> int:
        """Return how many keys a certificate seals."""
        return sum(self.secrets.get(fingerprint, {}).values())


def usage(project: Project, environment: Environment, backend: SealedSecretsBackend) -> Usage:
    """Count an environment's keys; raises SealgenError where its lock or some SealedSecret can't be read."""
    _, lock = sealed_objects.read_lock(project, environment.name)
    secrets: dict[str | None, Counter[str]] = {backend.fingerprint: Counter()}
    for (secret, _), locked in lock.keys.items():
        secrets.setdefault(locked.certificate, Counter())[secret] += 1
    told = {locked.ciphertext for locked in lock.keys.values()}
    for found in sealed_objects.find(project, environment):
        if isinstance(found, Unreadable):
            raise found.error
        for text in found.sealed.ciphertexts.values():
            if ciphertext_digest(text) not in told:
                secrets.setdefault(None, Counter())[found.sealed.place.name] += 1
    return Usage(environment.name, backend.fingerprint, secrets)
