"""Kustomizations: that of the overlay, and those anywhere in the repository that are built from it."""

from __future__ import annotations

import os.path
import posixpath
from typing import TYPE_CHECKING

from sealgen.checks.finding import Finding
from sealgen.errors import ConfigurationError
from sealgen.kubernetes import kustomization
from sealgen.reconcile.planning import transformer_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.checks.subject import SealedSubject


def own(subject: SealedSubject) -> Iterator[Finding]:
    """Check the kustomization in the output folder: what it changes, and what it lists."""
    surveyed = subject.surveyed
    path = str(surveyed.kustomization_path)
    for problem in transformer_problems(surveyed):
        line = problem.at.line if problem.at else None
        yield Finding("kustomization-transformer", path, line, problem.message)
    folder = subject.project.root / subject.environment.output
    for resource, at in kustomization.resources(surveyed.kustomization, path).items():
        # Other entries may be repositories: github.com/org/repo?ref=v1.
        local = "://" not in resource and (resource.startswith("..") or resource.endswith((".yaml", ".yml")))
        if local and not os.path.exists(folder / resource):  # noqa: PTH110  (Path.exists raises for a name too long)
            yield Finding("kustomization-entry", path, at.line, f"lists {resource}, which is not there")


def built_from_it(subject: SealedSubject, everywhere: Mapping[str, bytes]) -> Iterator[Finding]:
    """Check the kustomizations that lead to the output folder, directly or through others.

    ``everywhere`` are those of the repository, by path from the project's root. What can't be read, kustomize can't
    build either.
    """
    root = str(subject.project.root)
    output = posixpath.normpath(subject.environment.output)
    secrets = [(secret.name, secret.namespace, secret.scope) for secret in subject.surveyed.manifests.values()]
    for path in sorted(_leading_to(root, output, everywhere)):
        try:
            problems = kustomization.transformer_problems(everywhere[path], path, secrets, kustomization.OR_COMPONENT)
        except ConfigurationError:
            continue
        for problem in problems:
            yield Finding("kustomization-transformer", path, problem.at.line if problem.at else None, problem.message)


def _leading_to(root: str, output: str, everywhere: Mapping[str, bytes]) -> set[str]:
    """Return the kustomizations that are built from a folder, but for its own."""
    of_folder = {posixpath.dirname(path): path for path in everywhere}
    users: dict[str, set[str]] = {}
    for folder, path in of_folder.items():
        try:
            parts = kustomization.parts(everywhere[path], path)
        except ConfigurationError:
            continue
        for part in parts:
            # Of a repository larger than the project: ../../deep/er/k8s is k8s. A URL is no folder that there is.
            target = os.path.relpath(os.path.join(root, folder, part), root)  # noqa: PTH118
            users.setdefault(target if target in of_folder else posixpath.dirname(target), set()).add(folder)
    found: set[str] = set()
    new = {output}
    while new:
        new = {user for folder in new for user in users.get(folder, ())} - found - {output}
        found |= new
    return {of_folder[folder] for folder in found}
