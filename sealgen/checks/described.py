"""The objects that a kustomization describes, as far as it is built from files that are here."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.kubernetes import kustomization, objects, rollout

if TYPE_CHECKING:
    from collections.abc import Set

    from sealgen.config.files import Files
    from sealgen.errors import Mark
    from sealgen.kubernetes.objects import Field


@dataclass(frozen=True)
class Described:
    """An object of a file."""

    kind: str
    name: str
    namespace: str
    """The one that the kustomizations above it give it, else its own; may be empty."""
    secrets: frozenset[str]
    """The Secrets that it refers to, by name."""
    at: Mark

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Description:
    """What a folder is built from."""

    objects: tuple[Described, ...]
    whole: bool
    """Whether there is nothing else, and nothing has another name than it is written with."""


def described(files: Files, folder: str, without: Set[str] = frozenset()) -> Description:
    """Return what the kustomization of a folder describes; of its own files not those ``without``."""
    found: list[Described] = []
    path, content = _kustomization(files, folder)
    if content is None:
        return Description((), whole=False)
    try:
        parts = [part for part in kustomization.parts(content, path) if part not in without]
        namespace = kustomization.namespace(content, path)
        whole = kustomization.says_all(content, path)
    except SealgenError:
        return Description((), whole=False)
    for part in parts:
        one = _part(files, posixpath.normpath(posixpath.join(folder, part)) if "://" not in part else part)
        found += one.objects
        whole = whole and one.whole
    if namespace:
        found = [replace(one, namespace=namespace) for one in found]
    return Description(tuple(found), whole)


def _part(files: Files, target: str) -> Description:
    if "://" in target or "?" in target or target.startswith(".."):
        return Description((), whole=False)  # a repository, or what is outside of the project
    if _kustomization(files, target)[1] is not None:
        return described(files, target)
    try:
        content = files.read(target)
        if content is not None:
            return Description(tuple(map(_object, objects.read_all(content, target))), whole=True)
    except SealgenError:
        pass  # kustomize says it better
    return Description((), whole=False)


def _kustomization(files: Files, folder: str) -> tuple[str, bytes | None]:
    for name in kustomization.FILENAMES:
        path = posixpath.join(folder, name)
        try:
            if (content := files.read(path)) is not None:
                return path, content
        except SealgenError:
            continue
    return folder, None


def _object(root: Field) -> Described:
    kind, metadata = root["kind"].text_if_given() or "", root["metadata"]
    return Described(
        kind,
        metadata["name"].text_if_given() or "",
        metadata["namespace"].text_if_given() or "",
        rollout.referred(root.node, kind) if root.node else frozenset(),
        root.at,
    )
