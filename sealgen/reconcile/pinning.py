"""Taking a certificate for an environment: what is different from what it has, and the files that change together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sealgen import certificates
from sealgen.config import pin
from sealgen.config.backends import SealedSecretsBackend
from sealgen.crypto import certificate as certificate_rules
from sealgen.errors import ConfigurationError, SealgenError
from sealgen.overlay.transaction import FileChange
from sealgen.reconcile.planning import sealed_secrets_backend
from sealgen.reconcile.sealed_objects import read_lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate


@dataclass(frozen=True)
class Comparison:
    """A certificate beside what an environment has."""

    offered: Certificate
    pin: str | None
    """What the environment's files pin, whatever that is; None where they pin nothing yet."""
    file: str | None
    """The certificate's file, from the project's root; None where the environment names a URL."""
    held: Certificate | None
    """What is in that file; None where it is not there, or holds no certificate to seal with."""
    problem: str | None
    """Why what is in that file can't be sealed with; None where it is not there, too."""
    reseals: bool
    """Whether what another certificate sealed is sealed again in the next run, as the environment says."""
    changes: tuple[FileChange, ...]
    """The files to write where the certificate is taken, and those that must stay as they are."""
    others: Mapping[str, int]
    """How many keys the lock has that another certificate sealed, by its fingerprint."""
    along: tuple[str, ...]
    """The environments whose pin changes too, as it stands in a file that they extend, and fits what they name."""
    apart: tuple[str, ...]
    """The environments that would pin another certificate than the one that they name."""

    @property
    def written(self) -> tuple[str, ...]:
        """The files that taking the certificate changes."""
        return tuple(str(change.path) for change in self.changes if change.before != change.after)


def compare(project: Project, environment: Environment, offered: Certificate, now: datetime) -> Comparison:
    """Say what taking a certificate would change; ``environment`` may pin any, ``now`` is in UTC.

    Raises ConfigurationError for a certificate that is not valid, where a file can't be edited in place, and where the
    certificate's file holds a private key, which is not to be lost.
    """
    backend = sealed_secrets_backend(environment)
    try:
        certificate_rules.check_validity(offered, now)
    except ConfigurationError as error:
        hint = "It can't be sealed with. Check this machine's clock, and whoever offers the certificate."
        raise ConfigurationError(error.message, hint=hint) from None
    edit = pin.edit(environment.name, project.read, offered.fingerprint)
    changes = [FileChange(PurePosixPath(edit.file), edit.before, edit.after)]
    held = problem = None
    if not certificates.is_remote(backend):
        content = project.read(backend.certificate)
        held, problem = _held(content, backend)
        after = content if held is not None and held.pem == offered.pem else offered.pem
        changes.append(FileChange(PurePosixPath(backend.certificate), content, after))
    along, apart = _elsewhere(project, environment.name, backend, edit)
    return Comparison(
        offered=offered,
        pin=pin.find(environment.name, project.read),
        file=None if certificates.is_remote(backend) else backend.certificate,
        held=held,
        problem=problem,
        reseals=backend.certificate_changed == "reseal",
        changes=tuple(changes),
        others=_sealed_with_others(project, environment.name, offered.fingerprint),
        along=along,
        apart=apart,
    )


def _held(content: bytes | None, backend: SealedSecretsBackend) -> tuple[Certificate | None, str | None]:
    if content is None:
        return None, None
    try:
        return certificate_rules.load(content, backend.certificate, backend.certificate_at), None
    except ConfigurationError as error:
        if b"PRIVATE KEY" in content:
            raise
        return None, error.message


def _sealed_with_others(project: Project, name: str, fingerprint: str) -> dict[str, int]:
    _, lock = read_lock(project, name)
    return dict(Counter(key.certificate for key in lock.keys.values() if key.certificate != fingerprint))


def _elsewhere(
    project: Project, name: str, own: SealedSecretsBackend, edit: pin.PinEdit
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the environments whose pin changes along, and those whose pin and certificate would come apart."""

    def edited(path: str) -> bytes | None:
        return edit.after if path == edit.file else project.read(path)

    taken = pin.find(name, edited)
    along, apart = [], []
    for other in project.environments():
        try:
            backend = project.environment_to_pin(other).backend
            before, after = pin.find(other, project.read), pin.find(other, edited)
        except SealgenError:
            continue  # whose files are wrong says so when it is asked for
        if other == name or not isinstance(backend, SealedSecretsBackend):
            continue
        changes = before != after
        if changes and backend.certificate == own.certificate:
            along.append(other)
        elif changes or (backend.certificate == own.certificate and after != taken):
            apart.append(other)
    return tuple(along), tuple(apart)
