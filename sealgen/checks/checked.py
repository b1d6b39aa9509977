"""Checking an environment: all checks on it, less what its comments silence, and what stayed unproven."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgen import certificates
from sealgen.checks import credentials, kustomizations, policy, rollout, rotation, strength, structure, trust, uris
from sealgen.checks.finding import Finding
from sealgen.checks.silence import sift
from sealgen.checks.subject import SealedSubject, Subject
from sealgen.config.backends import SealedSecretsBackend
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import ConfigurationError
from sealgen.formats.report import Severity
from sealgen.reconcile import external, versions
from sealgen.reconcile.manifests import render_manifests
from sealgen.reconcile.planning import is_read, make_plan
from sealgen.reconcile.request import Request
from sealgen.reconcile.survey import survey
from sealgen.values.generators.generator import Generator
from sealgen.values.kept import generator_of
from sealgen.values.literal import Literal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import PurePosixPath

    from sealgen.checks.repository import Repository
    from sealgen.checks.silence import Ignored
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.kubernetes.manifest import SecretManifest

OF_VALUES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    rotation.due,
    rotation.soon,
    rotation.dated_in_future,
    strength.weak,
    strength.specification_changed,
    policy.entropy,
    policy.age,
    policy.rotation,
    credentials.literals,
    credentials.templates,
    uris.unescaped,
)
"""What looks at the values of an environment and at what is made of them, however that reaches the cluster."""

OF_SEALED: tuple[Callable[[SealedSubject], Iterator[Finding]], ...] = (
    structure.shapes,
    structure.twice,
    structure.powers,
    structure.strangers,
    *OF_VALUES,
    kustomizations.own,
)
"""What looks at a sealed environment as a whole, in the order in which it is told."""


@dataclass(frozen=True)
class Checked:
    """What a check found, and what it could not prove."""

    environment: str
    secrets: int
    keys: int
    findings: tuple[Finding, ...]
    ignored: tuple[Ignored, ...]
    unproven: tuple[str, ...]
    entropy: Mapping[str, int]
    """In bits, of each value that is generated: by how it is made now, and never by the value."""

    @property
    def failed(self) -> bool:
        """Whether some finding is an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def check(
    project: Project, name: str, now: dt.datetime, repository: Repository, others: Iterable[Finding] = ()
) -> Checked:
    """Check an environment, at ``now`` (UTC).

    ``repository`` is what was seen of the repository around it, whose findings are told of this environment, and
    ``others`` are findings of a comparison with others. Raises ConfigurationError where the configuration itself is
    wrong.
    """
    files: dict[str, bytes] = {}

    def note(path: str | PurePosixPath, content: bytes | None) -> None:
        files[str(path)] = content or b""

    environment = replace(project, note=note).environment(name)
    findings = [*repository.findings, *credentials.files(project, environment)]
    unproven = list(repository.unproven)
    if isinstance(environment.backend, SealedSecretsBackend):
        secrets, keys = _sealed(project, environment, environment.backend, now, repository, findings, unproven)
    elif isinstance(environment.backend, ExternalSecretsBackend):
        secrets, keys = _external(project, environment, environment.backend, now, findings, unproven)
    else:
        secrets, keys = _size(render_manifests(project, environment))
    sifted = sift([*findings, *others], files, project.files.read)
    entropy = {
        value.name: source.entropy_bits
        for value in environment.values.values()
        if isinstance(source := generator_of(value.source), Generator)
    }
    return Checked(name, secrets, keys, sifted.findings, sifted.ignored, tuple(unproven), entropy)


def _sealed(
    project: Project,
    environment: Environment,
    backend: SealedSecretsBackend,
    now: dt.datetime,
    repository: Repository,
    findings: list[Finding],
    unproven: list[str],
) -> tuple[int, int]:
    """Add what is found and what is unproven of a sealed environment; return how many Secrets and keys it has."""
    try:
        surveyed = survey(project, environment)
    except ConfigurationError:
        mismatched = list(structure.scopes(project, environment))
        if not mismatched:
            raise
        findings += mismatched
        unproven.append("anything else of the overlay: first, a manifest must tell one scope")
        return _size(render_manifests(project, environment))
    certificate = None
    if certificates.is_remote(backend):
        unproven.append(f"that the certificate is the pinned one and valid: {backend.certificate} was not fetched")
    else:
        certificate = certificates.read(project, environment, backend)
        mistrusted = list(trust.pin(certificate, environment, backend))
        findings += mistrusted or trust.validity(certificate, backend, now)
        certificate = None if mistrusted else certificate
    findings += trust.superseded(surveyed, backend)
    used = surveyed.values
    subject = SealedSubject.of(project, backend, surveyed, now, certificate)
    states = versions.assume(environment, used, surveyed.lock)
    plan = make_plan(surveyed, states, backend, Request())
    findings += structure.out_of_date(surveyed, plan)
    for look in OF_SEALED:
        findings += look(subject)
    findings += kustomizations.built_from_it(subject, repository.kustomizations)
    rolled_out, not_known = rollout.look(subject)
    findings += rolled_out
    unproven += not_known
    if read := [name for name in used if is_read(environment, name)]:
        unproven.append(f"that what is sealed is what the sources give now: {', '.join(read)}")
    secrets, keys = _size(surveyed.manifests)
    return secrets, keys + plan.previous


def _external(
    project: Project,
    environment: Environment,
    backend: ExternalSecretsBackend,
    now: dt.datetime,
    findings: list[Finding],
    unproven: list[str],
) -> tuple[int, int]:
    """Add what is found and what is unproven of an environment of External Secrets; return its Secrets and keys."""
    surveyed = external.survey(project, environment, backend)
    for change in surveyed.changes:
        is_otherwise = "is not what the environment file and the templates give"
        words = (
            "is missing" if change.before is None else "is no longer wanted" if change.after is None else is_otherwise
        )
        findings.append(Finding("out-of-date", str(change.path), None, f"{words}; run sealgen seal {environment.name}"))
    subject = Subject(project, environment, surveyed.manifests, surveyed.lock, surveyed.used, now)
    for look in OF_VALUES:
        findings += look(subject)
    unproven.append("that the store holds the values, and that the operator may read them")
    if undated := [name for name in surveyed.used if _ages(environment, name) and name not in surveyed.lock.values]:
        unproven.append(f"how old these are, which no lock dates: {', '.join(undated)}")
    return surveyed.secrets, surveyed.keys


def _ages(environment: Environment, name: str) -> bool:
    """Tell whether a value is to become only so old."""
    value = environment.values[name]
    limits = (value.rules.rotate_every, environment.policy.max_age)
    return not isinstance(value.source, Literal) and limits != (None, None)


def _size(manifests: Mapping[str, SecretManifest]) -> tuple[int, int]:
    return len(manifests), sum(len(secret.keys) for secret in manifests.values())
