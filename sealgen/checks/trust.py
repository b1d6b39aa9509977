"""The certificate: whether it is the one that is trusted, for how long, and what another one sealed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sealgen import certificates
from sealgen.checks.finding import Finding
from sealgen.crypto import certificate as rules
from sealgen.errors import ConfigurationError
from sealgen.rotation.schedule import days

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from sealgen.config.backends import SealedSecretsBackend
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate
    from sealgen.reconcile.survey import Survey


def pin(found: Certificate, environment: Environment, backend: SealedSecretsBackend) -> Iterator[Finding]:
    """Compare a certificate with the pin."""
    if found.fingerprint != backend.fingerprint:
        at = backend.fingerprint_at
        message = (
            f"{found.file} has the fingerprint {found.fingerprint}, but the pin is {backend.fingerprint}; "
            f"see what the cluster has: sealgen cert fetch {environment.name}"
        )
        yield Finding("pin-mismatch", at.file, at.line, message)


def validity(found: Certificate, backend: SealedSecretsBackend, now: dt.datetime) -> Iterator[Finding]:
    """Tell whether a certificate is valid at ``now`` (UTC), and for long enough."""
    at = backend.certificate_at
    try:
        rules.check_validity(found, now)
    except ConfigurationError as error:
        yield Finding("certificate-invalid", at.file, at.line, error.message)
        return
    left = rules.days_left(found, now)
    if left <= rules.EXPIRES_SOON:
        yield Finding("certificate-expires", at.file, at.line, f"{found.file} expires in {days(left)}")


def superseded(surveyed: Survey, backend: SealedSecretsBackend) -> Iterator[Finding]:
    """Yield the other certificates that sealed some of the keys."""
    others = Counter(locked.certificate for locked in surveyed.lock.keys.values())
    for fingerprint, number in sorted(others.items()):
        if fingerprint != backend.fingerprint:
            at = backend.fingerprint_at
            keys = "1 key is" if number == 1 else f"{number} keys are"
            message = (
                f"{keys} sealed with another certificate than the pinned one, {fingerprint}; have the cluster seal "
                f"anew: sealgen reencrypt {surveyed.environment.name}"
            )
            yield Finding("certificate-superseded", at.file, at.line, message)


def of_file(
    project: Project, environment: Environment, backend: SealedSecretsBackend, now: dt.datetime
) -> Iterator[Finding]:
    """Check the certificate's file against the pin and at ``now``; a damaged one is a finding too."""
    at = backend.certificate_at
    try:
        yield from validity(certificates.pinned(project, environment, backend), backend, now)
    except ConfigurationError as error:
        yield Finding("certificate-invalid", at.file, at.line, error.message)
