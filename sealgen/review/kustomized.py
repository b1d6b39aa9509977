"""What kustomize makes of an overlay on its way to the cluster: what it lists, and what reaches into it. Pure.

A kustomization can do what a manifest can: a patch changes a SealedSecret after everything was proven of it, an entry
that goes takes a Secret away, and a generator makes a Secret of what stands in clear.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError, shortened
from sealgen.kubernetes import kustomization
from sealgen.review.change import Change, Level, Word, shift
from sealgen.review.reaching import paths, reaches, read_if_there

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sealgen.review.reaching import Reach, Read

_RESOURCES = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Kustomized:
    """What is built from the kustomization of a folder."""

    file: str = ""
    """The kustomization; empty where there is none."""
    listed: frozenset[str] = frozenset()
    """Its own entries, by path from the project's root."""
    reaches: Mapping[tuple[str, str], Reach] = field(default_factory=dict)
    """By the kustomization's path and what it is: ``patches: sealed.yaml``."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """All files with resources, those of bases and components too, by path from the project's root."""


def kustomized(folder: str, read: Read, kinds: Sequence[str]) -> Kustomized:
    """Return what is built from a folder; ``read`` gives a file by its path from the project's root, or None.

    ``kinds`` are those of the objects that must not be reached, first the one that people are told of.
    What lies elsewhere, or can't be read, is left out; but for the folder's own kustomization, which raises
    ConfigurationError.
    """
    own = _kustomization(folder, read)
    if own is None:
        return Kustomized()
    listed = frozenset(paths(folder, kustomization.parts(own[1], own[0])))
    found: dict[tuple[str, str], Reach] = {}
    files: dict[str, bytes] = {}
    # What a component changes, it changes in what it is put into; what a base changes is its own.
    waiting = [(folder, *own, True)]
    seen = {folder}
    while waiting:
        at, path, content, reaches_ours = waiting.pop()
        if reaches_ours:
            found |= {(path, what): reach for what, reach in reaches(at, content, path, read, kinds)}
        components = set(paths(at, kustomization.parts(content, path, ("components",))))
        for target in paths(at, kustomization.parts(content, path)):
            if target.endswith(_RESOURCES):
                if (resource := read_if_there(read, target)) is not None:
                    files[target] = resource
            elif target not in seen and (there := _readable(target, read)) is not None:
                seen.add(target)
                waiting.append((target, *there, reaches_ours and target in components))
    return Kustomized(own[0], listed, found, files)


def _kustomization(folder: str, read: Read) -> tuple[str, bytes] | None:
    found = ((path, read(path)) for name in kustomization.FILENAMES if (path := posixpath.join(folder, name)))
    return next(((path, content) for path, content in found if content is not None), None)


def _readable(folder: str, read: Read) -> tuple[str, bytes] | None:
    """Return the kustomization of a folder, None where there is none that kustomize could read."""
    try:
        found = _kustomization(folder, read)
        if found is not None:
            kustomization.parts(found[1], found[0])
    except SealgenError:
        return None
    return found


def kustomization_changes(
    before: Kustomized, after: Kustomized, unlisted: tuple[str, ...], namespace: str
) -> Iterator[Change]:
    """Yield what changed in what kustomize makes of an overlay.

    ``unlisted`` are the manifests that are listed no more and are still there, ``namespace`` is the environment's.
    """
    for path in unlisted:
        detail = f"{posixpath.basename(path)} is there, and no longer listed, so that nothing applies it"
        yield Change(Word.UNEXPLAINED, detail, level=Level.UNEXPLAINED, file=after.file or path)
    for place in sorted({*before.reaches, *after.reaches}):
        old, new = before.reaches.get(place), after.reaches.get(place)
        if (old and old.content) != (new and new.content) or (old is None) != (new is None):
            file, what = place
            told, level = _told(what, old, new, namespace)
            where = f"{file}: " if file != after.file else ""
            line = new.line if new else 0
            yield Change(Word.KUSTOMIZATION, f"{where}{shortened(what)}: {told}", level=level, file=file, line=line)


def _told(what: str, old: Reach | None, new: Reach | None, namespace: str) -> tuple[str, Level]:
    """Say what came, changed or went, and how closely to look."""
    one = new or old
    if one is not None and not one.why:
        words = (None if reach is None else shortened(reach.content) for reach in (old, new))
        is_harmless = what == "namespace" and new is not None and new.content == namespace
        return shift(*words), Level.PLAIN if is_harmless else Level.TRUST
    if new is None:
        return "gone", Level.PLAIN
    return f"{'new' if old is None else 'another'}, and {new.why}", Level.TRUST
