"""What the checks of an environment look at, gathered once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sealgen.checks.finding import Finding
from sealgen.config.merging import merged
from sealgen.yaml.nodes import Mapping

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping as Map
    from collections.abc import Sequence

    from sealgen.config.backends import SealedSecretsBackend
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate
    from sealgen.errors import Mark
    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.lock import Lock
    from sealgen.reconcile.survey import Survey


@dataclass(frozen=True)
class Subject:
    """An environment whose manifests are committed, and when it is looked at (UTC)."""

    project: Project
    environment: Environment
    manifests: Map[str, SecretManifest]
    """What the templates want, by the Secret's name."""
    lock: Lock
    used: Sequence[str]
    """The values that some key is made of, sorted."""
    now: dt.datetime

    @cached_property
    def _values(self) -> dict[str, Mark]:
        return value_places(self.project, self.environment.name)

    def of_value(self, id_: str, name: str, message: str) -> Finding:
        """Return a finding on the line where a value stands, in whichever file that is."""
        at = self._values[name]
        return Finding(id_, at.file, at.line, message)


@dataclass(frozen=True)
class SealedSubject(Subject):
    """A sealed environment."""

    backend: SealedSecretsBackend
    surveyed: Survey
    certificate: Certificate | None
    """None where it is published somewhere, or is not the one that is pinned."""

    @classmethod
    def of(
        cls,
        project: Project,
        backend: SealedSecretsBackend,
        surveyed: Survey,
        now: dt.datetime,
        certificate: Certificate | None,
    ) -> SealedSubject:
        """Return the environment of a survey."""
        environment, manifests, lock = surveyed.environment, surveyed.manifests, surveyed.lock
        return cls(project, environment, manifests, lock, surveyed.values, now, backend, surveyed, certificate)

    def of_key(self, id_: str, secret: str, key: str, message: str) -> Finding:
        """Return a finding on a key's line in the overlay."""
        path = str(self.environment.output / self.surveyed.filenames[secret])
        return Finding(id_, path, line_of(self.surveyed.files[secret].content, key), message)


def value_places(project: Project, environment: str) -> dict[str, Mark]:
    """Return where the values of an environment stand, by name."""
    values = merged(environment, project.read).get("values")
    return {name: key.at for name, (key, _) in values.entries.items()} if isinstance(values, Mapping) else {}


def line_of(manifest: bytes, key: str) -> int | None:
    """Return the line of a key in a manifest as sealgen lays it out, None where it has none."""
    found = re.search(rb"^ +['\"]?%s['\"]?:" % re.escape(key.encode()), manifest, re.MULTILINE)
    return manifest.count(b"\n", 0, found.start()) + 1 if found else None
