"""Gathering what a diff tells of External Secrets: the operator's objects, and what they are to be, at both ends."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen import recipe
from sealgen.errors import SealgenError
from sealgen.kubernetes.external_secret import API_GROUP
from sealgen.recipe import values_in
from sealgen.review.external_end import ExternalEnd, backend_of, read_external

if TYPE_CHECKING:
    from collections.abc import Mapping, Set

    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.review.external_end import ExternalObject


def external_end(
    project: Project,
    environment: Environment | None,
    files: Mapping[str, bytes],
    apart: Set[str],
    problems: list[SealgenError],
) -> ExternalEnd:
    """Return what an environment has and is to have; nothing for one of another kind.

    ``files`` are those that may hold it, by path from the project's root; those in ``apart`` only count in its output
    folder. What can't be rendered is put to the ``problems``.
    """
    backend = backend_of(environment)
    if environment is None or backend is None:
        return ExternalEnd()
    from sealgen.reconcile.external import wanted  # noqa: PLC0415  (what renders is loaded where something changed)

    output = str(environment.output)
    files = {path: content for path, content in files.items() if posixpath.dirname(path) == output or path not in apart}
    there = {path: content for path, content in files.items() if API_GROUP.encode() in content}
    try:
        given = wanted(project, environment, backend)
    except SealgenError as error:
        problems.append(error)
        return ExternalEnd(there)
    to_be = {str(environment.output / filename): content for filename, content in given.files.items()}
    places = {entry.name: str(environment.output / entry.filename) for entry in environment.secrets}
    return ExternalEnd(
        {path: content for path, content in files.items() if path in there or path in to_be},
        to_be,
        recipes={
            (places[secret], name, given.externals[secret].template[name]): recipe.text(key.recipe)
            for secret, manifest in given.manifests.items()
            for name, key in manifest.keys.items()
        },
        values={
            (secret, name): values_in(key.recipe)
            for secret, manifest in given.manifests.items()
            for name, key in manifest.keys.items()
        },
        wanted_files=places,
    )


def differing(old: ExternalEnd, new: ExternalEnd, problems: list[SealgenError]) -> tuple[ExternalEnd, ExternalEnd]:
    """Return both ends with the objects of those files that differ; what can't be read is put to the ``problems``."""
    before: dict[tuple[str, str], ExternalObject] = {}
    after: dict[tuple[str, str], ExternalObject] = {}
    for path in sorted({*old.files, *new.files}):
        was, now = old.files.get(path), new.files.get(path)
        if was == now:
            continue
        found = _objects(now, path, problems)
        if found is not None:  # of a file that can't be read nothing more is said
            before |= _objects(was, path, []) or {}
            after |= found
    return replace(old, objects=before), replace(new, objects=after)


def secrets_of(files: Mapping[str, bytes]) -> set[str]:
    """Return the Secrets that ExternalSecrets in these files make, of those that can be read."""
    found = (_objects(content, path, []) or {} for path, content in files.items())
    return {one.secret for objects in found for one in objects.values() if one.secret}


def _objects(
    content: bytes | None, path: str, problems: list[SealgenError]
) -> dict[tuple[str, str], ExternalObject] | None:
    """Return the objects of a file, none of one that is not there; None where it can't be read."""
    try:
        return {found.identity: found for found in read_external(content, path)} if content is not None else {}
    except SealgenError as error:
        problems.append(error)
        return None
