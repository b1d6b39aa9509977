"""Whether the overlay is what ``seal`` would write, and holds nothing else."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from sealgen.checks.finding import Finding
from sealgen.checks.subject import line_of
from sealgen.crypto.ciphertext import CiphertextError, shape
from sealgen.errors import SealgenError
from sealgen.kubernetes import access, rollout
from sealgen.kubernetes.sealed_secret import KIND
from sealgen.plan import Action, Reason
from sealgen.review.end import POWERS, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.checks.subject import SealedSubject
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.plan import Plan, Step
    from sealgen.reconcile.survey import Survey
    from sealgen.review.end import Manifest

_OWN = {access.FIELD: access.FILENAME, rollout.FIELD: rollout.FILENAME}
"""The file that comes from a field of the environment file."""
_OF_MANIFEST = (Reason.ALTERED, Reason.MISSING, Reason.FOREIGN, Reason.METADATA)


def out_of_date(surveyed: Survey, plan: Plan) -> Iterator[Finding]:
    """Yield what ``seal`` would do, each on the line that is the reason."""
    for step in plan.rows:
        if step.action is not Action.KEEP:
            yield _step(surveyed, step)


def _step(surveyed: Survey, step: Step) -> Finding:
    name = f"{step.secret}/{step.key}" if step.key else step.secret or _OWN[step.field]
    detail = f" ({step.detail})" if step.detail and step.action is not Action.BLOCKED else ""
    message = f"{name} is out of date: {step.reason}{detail}; run sealgen seal {surveyed.environment.name}"
    return Finding("out-of-date", *_place(surveyed, step), message)


def _place(surveyed: Survey, step: Step) -> tuple[str, int | None]:
    secret = surveyed.manifests.get(step.secret)
    entry = surveyed.entries.get(step.secret)
    if step.reason is Reason.ENTRY:
        return str(surveyed.kustomization_path), None
    if not step.secret:
        return str(surveyed.environment.output / _OWN[step.field]), None
    if step.reason is Reason.FILENAME and entry:
        return entry.at.file, entry.at.line
    if step.reason in _OF_MANIFEST and entry:
        there = surveyed.files.get(step.secret)
        line = line_of(there.content, step.key) if there and step.key else None
        return str(surveyed.environment.output / entry.filename), line
    if secret is not None:
        at = secret.keys[step.key].at if step.key in secret.keys else secret.at
        return at.file, at.line
    return surveyed.environment.file, None


def shapes(subject: SealedSubject) -> Iterator[Finding]:
    """Look at the ciphertexts as far as anybody can: strict base64, and the lengths of the format."""
    for name, file in subject.surveyed.files.items():
        for key, text in file.sealed.encrypted_data.items():
            if problem := _problem(subject, name, key, text):
                yield subject.of_key("ciphertext-shape", name, key, f"{name}/{key} {problem}")


def _problem(subject: SealedSubject, name: str, key: str, text: str) -> str | None:
    try:
        seen = shape(base64.b64decode(text, validate=True))
    except binascii.Error:
        return "is not standard base64"
    except CiphertextError as error:
        return f"is {error.message}"
    certificate, locked = subject.certificate, subject.surveyed.lock.keys.get((name, key))
    if certificate is None or locked is None or locked.certificate != certificate.fingerprint:
        return None
    if seen.rsa_bytes == (certificate.bits + 7) // 8:
        return None
    return f"was not sealed with {certificate.file}: its RSA part has another length"


def twice(subject: SealedSubject) -> Iterator[Finding]:
    """Yield the keys that hold the ciphertext of another: each sealing gives one of its own."""
    first: dict[str, tuple[str, str]] = {}
    for (secret, key), digest in subject.surveyed.ciphertexts.items():
        other = first.setdefault(digest, (secret, key))
        if other != (secret, key):
            message = f"{secret}/{key} holds the same ciphertext as {'/'.join(other)}"
            yield subject.of_key("ciphertext-twice", secret, key, message)


def strangers(subject: SealedSubject) -> Iterator[Finding]:
    """Yield the SealedSecrets in the output folder that the lock does not know, and what power they have."""
    surveyed = subject.surveyed
    known = {*surveyed.filenames.values(), *_OWN.values(), rollout.REFERENCES, surveyed.kustomization_path.name}
    for path, manifests in _manifests(subject.project, subject.environment, known):
        for name, manifest in manifests.items():
            yield Finding("manifest-unknown", path, None, f"the SealedSecret {name}, which the lock does not know")
            yield from _powers(name, manifest, {})


def powers(subject: SealedSubject) -> Iterator[Finding]:
    """Yield what in a manifest has power over more than what it seals, and is not what the template wants.

    Those that are as ``seal`` would write them have only what the template wants.
    """
    surveyed = subject.surveyed
    for name in sorted(surveyed.stale):
        path = str(subject.environment.output / surveyed.filenames[name])
        manifest = read_manifest(surveyed.files[name].content, path).get(name)
        if manifest is not None:
            yield from _powers(name, manifest, surveyed.manifests[name].annotations)


def _powers(name: str, manifest: Manifest, wanted: Mapping[str, str]) -> Iterator[Finding]:
    for path, text in manifest.facts.items():
        if not path.startswith(POWERS):
            continue
        _, is_annotation, annotation = path.partition(".annotations.")
        if not is_annotation:
            key = path.removeprefix("spec.template.data.")
            message = f"{name} has a template for {key}, which the controller would run on what it opens"
            yield Finding("controller-template", manifest.file, None, message)
        elif wanted.get(annotation) != text:
            message = f"{name} has {annotation}: {text}, which the controller obeys and the template does not want"
            yield Finding("controller-annotation", manifest.file, None, message)


def scopes(project: Project, environment: Environment) -> Iterator[Finding]:
    """Yield the manifests that are opened with another scope than their template tells."""
    for path, manifests in _manifests(project, environment, set()):
        for name, manifest in manifests.items():
            if manifest.scope is not manifest.told_scope:
                message = f"{name} opens with the scope {manifest.scope}, but its template says {manifest.told_scope}"
                yield Finding("scope-mismatch", path, None, message)


def _manifests(
    project: Project, environment: Environment, known: set[str]
) -> Iterator[tuple[str, Mapping[str, Manifest]]]:
    """Yield the SealedSecrets of the output folder, by path and name, whoever wrote them, but for known files."""
    for suffix in (".yaml", ".yml"):
        for filename in sorted(project.files.below(str(environment.output), suffix)):
            if "/" in filename or filename in known:
                continue
            path = str(environment.output / filename)
            content = project.files.read(path)
            if content is None or KIND.encode() not in content:
                continue
            try:
                yield path, read_manifest(content, path)
            except SealgenError:
                continue  # what is no YAML is nothing that is applied
