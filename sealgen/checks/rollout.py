"""Whether what ``rollout:`` of the environment file writes reaches what it is to roll out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.checks.described import described
from sealgen.checks.finding import Finding
from sealgen.config.merging import merged
from sealgen.kubernetes.rollout import FIELD
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.yaml.nodes import Mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.checks.described import Description
    from sealgen.checks.subject import SealedSubject
    from sealgen.errors import Mark


def look(subject: SealedSubject) -> tuple[list[Finding], list[str]]:
    """Return what is found, and what stayed unproven."""
    rollout = subject.environment.rollout
    if not rollout.given:
        return [], []
    output = str(subject.environment.output)
    # The manifests of the Secrets refer to nothing, and there may be thousands.
    built = described(subject.project.files, output, {*subject.surveyed.filenames.values()})
    there = {str(one) for one in built.objects}
    absent = [workload for workload in rollout.annotation if workload not in there]
    findings = list(_references(subject, built))
    if absent and not built.whole:
        return findings, [f"that {output} is built from {', '.join(absent)}: not all that it is built from is here"]
    places = _places(subject)
    for workload in absent:
        message = f"{workload} is not in what {output} is built from, so that nothing starts its pods anew"
        findings.append(Finding("rollout-workload", places[workload].file, places[workload].line, message))
    return findings, []


def _places(subject: SealedSubject) -> dict[str, Mark]:
    """Return where the workloads stand in the environment's files."""
    found = merged(subject.environment.name, subject.project.read).get(FIELD)
    annotation = found.get("annotation") if isinstance(found, Mapping) else None
    return {name: key.at for name, (key, _) in annotation.entries.items()} if isinstance(annotation, Mapping) else {}


def _references(subject: SealedSubject, built: Description) -> Iterator[Finding]:
    """Yield the objects that would go on to refer to a Secret by the name that it no longer has."""
    surveyed = subject.surveyed
    renamed = {name: surveyed.manifests[name] for name in subject.environment.rollout.suffix}
    for one in built.objects:
        for secret in sorted(one.secrets & renamed.keys()):
            namespace = renamed[secret].namespace
            if one.namespace == namespace or renamed[secret].scope is Scope.CLUSTER_WIDE or one.kind in _NOWHERE:
                continue
            message = (
                f"{one} refers to {secret} of {namespace} and is in "
                f"{one.namespace or 'no namespace'}, so that kustomize does not tell it the name with the digest; "
                f"write 'namespace: {namespace}' in {surveyed.kustomization_path}"
            )
            yield Finding("rollout-reference", one.at.file, one.at.line, message)


_NOWHERE = ("ClusterRole",)
"""Kinds of objects that are in no namespace, and may refer to any."""
