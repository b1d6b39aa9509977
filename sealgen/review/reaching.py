"""What in a kustomization reaches what sealgen writes, or stands beside it as a Secret. Pure.

Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from sealgen.errors import SealgenError
from sealgen.kubernetes import kustomization
from sealgen.yaml.nodes import Mapping, Scalar, Sequence, is_null, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from collections.abc import Sequence as Sequence_

    from sealgen.yaml.nodes import Node

    Read = Callable[[str], bytes | None]

_WORDS = ("namespace", "namePrefix", "nameSuffix")
_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902", "replacements")
_PROGRAMS = ("transformers", "generators", "configurations", "helmCharts", "helmChartInflationGenerator", "openapi")
_ANNOTATIONS = "sealedsecrets.bitnami.com/"


class Reach(NamedTuple):
    """An entry of a kustomization that a reviewer of sealed secrets has to see."""

    why: str
    """Why that is so; empty for a field of one word, which says it by itself."""
    content: str
    """What it says, to be compared; shown only where it is one word."""
    line: int


def reaches(folder: str, content: bytes, file: str, read: Read, kinds: Sequence_[str]) -> Iterator[tuple[str, Reach]]:
    """Yield what reaches objects of these kinds, by what it is: ``patches: sealed.yaml``.

    The first kind is what people are told of. ``read`` gives a file that an entry refers to. Raises ConfigurationError
    for what is no kustomization.
    """
    root = kustomization.parse(content, file)
    yield from _words(root)
    yield from _patches(root, folder, read, kinds)
    for field in _PROGRAMS:
        for node in _items(root, field):
            name, text = _text_of(folder, node, read)
            content_of = f"{shown(node)}\n{text}"
            yield f"{field}: {name}", Reach(f"it may do anything to {kinds[0]}s", content_of, node.at.line)
    for node in _items(root, "secretGenerator"):
        name = _name(node) or "a Secret"
        yield f"secretGenerator: {name}", Reach("it makes a Secret of what is not sealed", shown(node), node.at.line)
    for field in ("resources", "bases", "components"):
        for node in _items(root, field):
            if isinstance(node, Scalar) and is_remote(node.text):
                yield f"{field}: {node.text}", Reach("it is not looked at", "", node.at.line)


def _words(root: Mapping) -> Iterator[tuple[str, Reach]]:
    for word in _WORDS:
        if (node := _given(root, word)) is not None and (text := shown(node)):
            yield word, Reach("", text, node.at.line)
    annotations = _given(root, "commonAnnotations")
    for name, (_, node) in annotations.entries.items() if isinstance(annotations, Mapping) else ():
        if name.startswith(_ANNOTATIONS):
            yield f"commonAnnotations: {name}", Reach("", shown(node), node.at.line)


def _patches(root: Mapping, folder: str, read: Read, kinds: Sequence_[str]) -> Iterator[tuple[str, Reach]]:
    for field in _PATCHES:
        for node in _items(root, field):
            name, text = _text_of(folder, node, read)
            if _may_reach(node, text, kinds):
                yield f"{field}: {name}", Reach(f"it reaches {kinds[0]}s", f"{shown(node)}\n{text}", node.at.line)


def _may_reach(node: Node, text: str, kinds: Sequence_[str]) -> bool:
    """Tell whether a patch or a replacement may change such objects: by what it selects, or else by what it says."""
    chosen: list[Node | None] = [_given(node, "target")] if isinstance(node, Mapping) else []
    if isinstance(node, Mapping):
        chosen += [_given(target, "select") for target in _items(node, "targets") if isinstance(target, Mapping)]
    targets = [target for target in chosen if isinstance(target, Mapping)]
    if not targets:
        return any(kind in text for kind in kinds)
    # A kind is a regular expression, and none at all selects every kind.
    selected = [target.get("kind") for target in targets]
    return any(not isinstance(kind, Scalar) or kind.text in kinds or not kind.text.isalnum() for kind in selected)


def _text_of(folder: str, node: Node, read: Read) -> tuple[str, str]:
    """Return what an entry is called, and the text that it holds or refers to."""
    inline = node.get("patch") if isinstance(node, Mapping) else None
    path = node.get("path") if isinstance(node, Mapping) else node
    if not isinstance(path, Scalar) or "\n" in path.text:
        return _name(node) or "in the file itself", shown(inline or node)
    found = [content for target in paths(folder, [path.text]) if (content := read_if_there(read, target)) is not None]
    return path.text, found[0].decode("utf-8", "replace") if found else ""


def _given(root: Mapping, name: str) -> Node | None:
    node = root.get(name)
    return None if node is None or is_null(node) else node


def _items(root: Mapping, name: str) -> tuple[Node, ...]:
    node = _given(root, name)
    return node.items if isinstance(node, Sequence) else () if node is None else (node,)


def _name(node: Node) -> str:
    name = node.get("name") if isinstance(node, Mapping) else None
    return name.text if isinstance(name, Scalar) else ""


# --- what an entry leads to ---


def paths(folder: str, entries: Iterable[str]) -> Iterator[str]:
    """Yield the entries that lead to a place within the project, by path from its root."""
    for entry in entries:
        path = posixpath.normpath(posixpath.join(folder, entry))
        if not is_remote(entry) and not path.startswith(("../", "/")) and path not in ("..", "."):
            yield path


def is_remote(entry: str) -> bool:
    """Tell whether an entry is a repository or a URL: ``https://…``, ``git@…``, ``github.com/…``, ``…?ref=v1``."""
    return "://" in entry or "?" in entry or entry.startswith(("git@", "git::", "github.com/", "github.com:"))


def read_if_there(read: Read, path: str) -> bytes | None:
    """Return a file, None where there is none that can be read."""
    try:
        return read(path)
    except SealgenError:
        return None
