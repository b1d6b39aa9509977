"""What can be proven of an environment without any plaintext: findings, and what stayed unproven."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import os.path
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgen import certificates, git
from sealgen.config.environment import SealedSecretsBackend
from sealgen.crypto import certificate as certificate_rules
from sealgen.crypto import hybrid
from sealgen.errors import ConfigurationError
from sealgen.kubernetes import kustomization
from sealgen.plan import Action, Reason
from sealgen.recipe import Filtered, Reference
from sealgen.reconcile import versions
from sealgen.reconcile.manifests import render_manifests
from sealgen.reconcile.planning import is_read, make_plan, transformer_problems
from sealgen.reconcile.survey import survey
from sealgen.values.version import counter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.crypto.certificate import Certificate
    from sealgen.plan import Step
    from sealgen.recipe import Recipe
    from sealgen.reconcile.survey import Survey


class Severity(StrEnum):
    """An error makes the check fail, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; ``id`` names the check."""

    id: str
    severity: Severity
    file: str
    line: int | None
    message: str


@dataclass(frozen=True)
class Checked:
    """What a check found, and what it could not prove."""

    environment: str
    secrets: int
    keys: int
    findings: tuple[Finding, ...]
    unproven: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether some finding is an error."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def check(project: Project, environment: Environment, now: dt.datetime) -> Checked:
    """Check an environment, at ``now`` (UTC), and what Git tracks beside it.

    Raises ConfigurationError where the configuration itself is wrong, SealgenError where Git can't be asked.
    """
    findings: list[Finding] = []
    unproven: list[str] = []
    if git.is_work_tree(project.root):
        findings += _tracked(project)
    else:
        unproven.append("that Git tracks no plain Secret and no private key: this is no work tree of Git")
    if not isinstance(environment.backend, SealedSecretsBackend):
        manifests = render_manifests(project, environment)
        keys = sum(len(secret.keys) for secret in manifests.values())
        return Checked(environment.name, len(manifests), keys, tuple(findings), tuple(unproven))
    surveyed = survey(project, environment)
    used = surveyed.values
    states = versions.assume(environment, used, surveyed.lock)
    plan = make_plan(surveyed, states, environment.backend.fingerprint)
    certificate = None
    if certificates.is_remote(environment.backend):
        unproven.append(
            f"that the certificate is the pinned one and valid: {environment.backend.certificate} was not fetched"
        )
    else:
        certificate = certificates.pinned(project, environment.backend)
        findings += _certificate(certificate, environment.backend, now)
    findings += (_out_of_date(surveyed, step) for step in plan.steps if step.action is not Action.KEEP)
    findings += _shapes(surveyed, certificate)
    findings += _rotation(surveyed, used, now.date())
    findings += _specifications(surveyed, used)
    findings += _kustomization(project, surveyed)
    findings += _unescaped(surveyed)
    if read := [name for name in used if is_read(environment, name)]:
        unproven.append(f"that what is sealed is what the sources give now: {', '.join(read)}")
    return Checked(
        environment.name,
        len(surveyed.manifests),
        sum(len(secret.keys) for secret in surveyed.manifests.values()),
        tuple(findings),
        tuple(unproven),
    )


def _out_of_date(surveyed: Survey, step: Step) -> Finding:
    secret = surveyed.manifests.get(step.secret)
    entry = surveyed.entries.get(step.secret)
    name = f"{step.secret}/{step.key}" if step.key else step.secret
    detail = f" ({step.detail})" if step.detail and step.action is not Action.BLOCKED else ""
    line: int | None
    if step.reason is Reason.ENTRY:
        file, line = str(surveyed.kustomization_path), None
    elif step.reason is Reason.FILENAME and entry:
        file, line = entry.at.file, entry.at.line
    elif step.reason in (Reason.ALTERED, Reason.MISSING, Reason.FOREIGN, Reason.METADATA) and entry:
        file, line = str(surveyed.environment.output / entry.filename), None
    elif secret is not None:
        at = secret.keys[step.key].at if step.key in secret.keys else secret.at
        file, line = at.file, at.line
    else:
        file, line = surveyed.environment.file, None
    message = f"{name} is out of date: {step.reason}{detail}; run sealgen seal {surveyed.environment.name}"
    return Finding("out-of-date", Severity.ERROR, file, line, message)


def _certificate(certificate: Certificate, backend: SealedSecretsBackend, now: dt.datetime) -> Iterator[Finding]:
    at = backend.certificate_at
    try:
        certificate_rules.check_validity(certificate, now)
    except ConfigurationError as error:
        yield Finding("certificate-invalid", Severity.ERROR, at.file, at.line, error.message)
        return
    days = certificate_rules.days_left(certificate, now)
    if days <= certificate_rules.EXPIRES_SOON:
        message = f"{certificate.file} expires in {_days(days)}"
        yield Finding("certificate-expires", Severity.WARNING, at.file, at.line, message)


def _shapes(surveyed: Survey, certificate: Certificate | None) -> Iterator[Finding]:
    """Look at the ciphertexts as far as anybody can: strict base64, and the lengths of the format."""
    for name, file in surveyed.files.items():
        path = str(surveyed.environment.output / surveyed.filenames[name])
        for key, text in file.sealed.encrypted_data.items():
            try:
                shape = hybrid.shape(base64.b64decode(text, validate=True))
            except binascii.Error:
                problem = "is not standard base64"
            except hybrid.CiphertextError as error:
                problem = f"is {error.message}"
            else:
                locked = surveyed.lock.keys.get((name, key))
                if certificate is None or locked is None or locked.certificate != certificate.fingerprint:
                    continue
                if shape.rsa_bytes == (certificate.bits + 7) // 8:
                    continue
                problem = f"was not sealed with {certificate.file}: its RSA part has another length"
            yield Finding("ciphertext-shape", Severity.ERROR, path, None, f"{name}/{key} {problem}")


def _rotation(surveyed: Survey, used: Sequence[str], today: dt.date) -> Iterator[Finding]:
    for name in used:
        every = surveyed.environment.values[name].rules.rotate_every
        locked = surveyed.lock.values.get(name)
        if every is None or locked is None:
            continue
        late = (today - dt.date.fromisoformat(locked.date)).days - every
        if late >= 0:
            due = f"has been due for rotation for {_days(late)}" if late else "is due for rotation today"
            message = f"{name} {due} (version of {locked.date}, every {_days(every)})"
            yield Finding("rotation-due", Severity.WARNING, surveyed.environment.file, None, message)


def _specifications(surveyed: Survey, used: Sequence[str]) -> Iterator[Finding]:
    """A value that is made once stays as it was made, whatever its specification says since."""
    environment = surveyed.environment
    for name in used:
        value = environment.values[name]
        locked = surveyed.lock.values.get(name)
        if not value.source.made or locked is None or not counter_of(locked.version):
            continue
        if locked.specification != value.specification:
            message = (
                f"{name} was made to another specification than it has now, which its next version keeps to: "
                f"sealgen seal {environment.name} --rotate {name}"
            )
            yield Finding("specification-changed", Severity.WARNING, environment.file, None, message)


def _kustomization(project: Project, surveyed: Survey) -> Iterator[Finding]:
    path = str(surveyed.kustomization_path)
    for problem in transformer_problems(surveyed):
        line = problem.at.line if problem.at else None
        yield Finding("kustomization-transformer", Severity.ERROR, path, line, problem.message)
    folder = project.root / surveyed.environment.output
    for resource, at in kustomization.resources(surveyed.kustomization, path).items():
        # Other entries may be repositories: github.com/org/repo?ref=v1.
        local = "://" not in resource and (resource.startswith("..") or resource.endswith((".yaml", ".yml")))
        if local and not os.path.exists(folder / resource):  # noqa: PTH110  (Path.exists raises for a name too long)
            message = f"lists {resource}, which is not there"
            yield Finding("kustomization-entry", Severity.ERROR, path, at.line, message)


def _unescaped(surveyed: Survey) -> Iterator[Finding]:
    """A value inside a URI must be escaped: a base64 password holds '/', '+' and '='."""
    for secret in surveyed.manifests.values():
        for name, key in secret.keys.items():
            for reference in _in_authority(key.recipe):
                message = f"{secret.name}/{name}: {reference} stands unescaped in a URI; write | urlquote"
                yield Finding("uri-unescaped", Severity.WARNING, key.at.file, key.at.line, message)


def _in_authority(recipe: Recipe) -> Iterator[Reference]:
    """Yield the references that stand bare where a URI's user, password and host are."""
    before = ""
    for part in recipe:
        if isinstance(part, str):
            before += part
        elif isinstance(part, Filtered):
            before += "x"
        else:
            authority = before.rpartition("://")[2]
            if "://" in before and "/" not in authority and "@" not in authority:
                yield part
            before += "x"


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _tracked(project: Project) -> Iterator[Finding]:
    for path in git.tracked_files_matching(
        project.root, r"^kind:[[:space:]]*[\"']?Secret[\"']?[[:space:]]*$", "*.yaml", "*.yml"
    ):
        yield Finding("plaintext-secret", Severity.ERROR, path, None, "a plain Secret is tracked by Git")
    for path in git.tracked_files_matching(project.root, r"^-----BEGIN ([A-Z]+ )?PRIVATE KEY-----"):
        yield Finding("private-key", Severity.ERROR, path, None, "a private key is tracked by Git")
