"""The overlay's ``kustomization.yaml``: its resources, and the transformers that would break a sealed label. Pure.

An entry is a line put in or taken out where the parser says, and the result is read again before it counts.
Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import itertools
import posixpath
import re
from typing import TYPE_CHECKING, Any

import yaml

from sealgen.errors import ConfigurationError, Mark
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.yaml import nodes
from sealgen.yaml.edits import after_colon, after_line, applied, compose, line_end, next_line, said
from sealgen.yaml.nodes import Mapping, Scalar, Sequence, is_null, is_plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Map
    from collections.abc import Sequence as Seq

    from sealgen.yaml.edits import Edit

FILENAME = "kustomization.yaml"
FILENAMES = (FILENAME, "kustomization.yml", "Kustomization")
"""The names by which kustomize knows it."""

_API_VERSION = "kustomize.config.k8s.io/v1beta1"
_KUSTOMIZATION = {"Kustomization": _API_VERSION}
OR_COMPONENT = {**_KUSTOMIZATION, "Component": "kustomize.config.k8s.io/v1alpha1"}
"""The kinds of what others are built from, each with its version."""
RESOURCES = "resources"
"""The field of the manifests."""
_NEW = f"apiVersion: {_API_VERSION}\nkind: Kustomization\nresources: []\n"


def resources(content: bytes | None, file: str) -> dict[str, Mark]:
    """Return the entries of ``resources``, as ``listed`` does."""
    return listed(content, file, RESOURCES)


def listed(content: bytes | None, file: str, field: str) -> dict[str, Mark]:
    """Return the entries of a field without a leading ``./``, each once, in the order of the file.

    ``content`` is None where there is no file. Raises ConfigurationError for what is no kustomization.
    """
    if content is None:
        return {}
    found: dict[str, Mark] = {}
    for entry in _entries(_read(content, file), field):
        found.setdefault(_same(entry.text), entry.at)
    return found


_PARTS = ("resources", "bases", "components")


def parts(content: bytes, file: str, fields: Seq[str] = _PARTS) -> tuple[str, ...]:
    """Return what a kustomization or a component is built from: files, folders and repositories, as it names them.

    Raises ConfigurationError for what is neither.
    """
    root = parse(content, file)
    return tuple(_same(entry.text) for field in fields for entry in _entries(root, field))


def parse(content: bytes, file: str) -> Mapping:
    """Return a kustomization or a component; raises ConfigurationError for what is neither."""
    return _read(content, file, OR_COMPONENT)


def namespace(content: bytes, file: str) -> str:
    """Return the namespace that all it is built from is put into, empty for none; raises ConfigurationError."""
    found = _text(_read(content, file, OR_COMPONENT), "namespace")
    return found.text if found else ""


def says_all(content: bytes, file: str) -> bool:
    """Tell whether its parts are all it is built from, with the names that they have; raises ConfigurationError."""
    return not _read(content, file, OR_COMPONENT).entries.keys() & _MORE


_MORE = {"generators", "helmChartInflationGenerator", "helmCharts", "namePrefix", "nameSuffix"}
"""Fields that make objects beside those of its parts, or give them other names."""


def is_empty(content: bytes, file: str) -> bool:
    """Tell whether a kustomization has nothing at all; raises ConfigurationError for what is none."""
    root = _read(content, file)
    return root.entries.keys() <= {"apiVersion", "kind", RESOURCES} and not _entries(root, RESOURCES)


def update(content: bytes | None, file: str, add: Seq[str], remove: Seq[str], field: str = RESOURCES) -> bytes | None:
    """Return the file with these entries of a field added, at the end, and removed.

    An entry that is there already is not added again, one in both stays; a field other than ``resources`` goes with
    its last entry. Without a file (``content`` is None) a new one is made if there is something to add. Raises
    ConfigurationError for what is no kustomization, and for a layout that can't be edited in place.
    """
    if content is None:
        return update(_NEW.encode(), file, add, (), field) if add else None
    root = _read(content, file)
    before = [entry.text for entry in _entries(root, field)]
    wanted = {_same(name): name for name in add}
    unwanted = {_same(name) for name in remove} - wanted.keys()
    kept = [text for text in before if _same(text) not in unwanted]
    there = {_same(text) for text in kept}
    added = [name for same, name in wanted.items() if same not in there]
    if kept == before and not added:
        return content
    text = content.decode("utf-8-sig")
    edited = applied(text, _edits(text, field, unwanted, added)).encode()
    _prove(edited, file, field, root, kept + added)
    return content[: len(content) - len(text.encode())] + edited


def transformer_problems(
    content: bytes | None,
    file: str,
    secrets: Iterable[tuple[str, str, Scope]],
    kinds: Map[str, str] = _KUSTOMIZATION,
) -> tuple[ConfigurationError, ...]:
    """Return what in the file would give a SealedSecret a name or namespace that it was not sealed for.

    ``secrets`` are names, namespaces and scopes; ``kinds`` is what the file may be. Kustomize changes ``metadata``
    before the controller sees it, and the controller then can't decrypt: the label of scope strict is namespace and
    name, that of namespace-wide is the namespace, that of cluster-wide is empty.
    """
    if content is None:
        return ()
    root = _read(content, file, kinds)
    named = [secret for secret in secrets if secret[2] is Scope.STRICT]
    placed = [secret for secret in secrets if secret[2] is not Scope.CLUSTER_WIDE]
    problems = []
    for field in ("namePrefix", "nameSuffix"):
        affix = _text(root, field)
        if affix is not None and affix.text and named:
            problems.append(
                ConfigurationError(
                    f"{field} '{affix.text}' would rename the SealedSecret '{named[0][0]}', and the controller "
                    "could not decrypt it: it is sealed for its name (scope strict)",
                    at=affix.at,
                    hint=f"Remove {field} here, or seal with scope namespace-wide.",
                )
            )
    target = _text(root, "namespace")
    moved = [secret for secret in placed if target is not None and target.text not in ("", secret[1])]
    if target is not None and moved:
        name, namespace, scope = moved[0]
        problems.append(
            ConfigurationError(
                f"namespace '{target.text}' would move the SealedSecret '{name}' out of '{namespace}', and the "
                f"controller could not decrypt it: it is sealed for its namespace (scope {scope})",
                at=target.at,
                hint=f"Write '{namespace}' here, or set 'namespace: {target.text}' in the environment file.",
            )
        )
    return tuple(problems)


# --- what the file says -----------------------------------------------------------------------------------------


def _read(content: bytes, file: str, kinds: Map[str, str] = _KUSTOMIZATION) -> Mapping:
    root = nodes.parse(content, file)
    if not isinstance(root, Mapping):
        raise ConfigurationError("a kustomization is a mapping", at=root.at)
    kind = _text(root, "kind")
    if kind is not None and kind.text not in kinds:
        raise ConfigurationError(f"kind must be Kustomization, not '{kind.text}'", at=kind.at)
    version = _text(root, "apiVersion")
    wanted = kinds[kind.text if kind else "Kustomization"]
    if version is not None and version.text != wanted:
        # Flux has a kind of the same name, which belongs in another file.
        raise ConfigurationError(f"apiVersion must be {wanted}, not '{version.text}'", at=version.at)
    return root


def _text(root: Mapping, field: str) -> Scalar | None:
    node = root.get(field)
    if node is None or is_null(node):
        return None
    if not isinstance(node, Scalar):
        raise ConfigurationError(f"{field} must be text", at=node.at)
    return node


def _entries(root: Mapping, field: str) -> list[Scalar]:
    node = root.get(field)
    if node is None or is_null(node):
        return []
    if not isinstance(node, Sequence):
        raise ConfigurationError(f"{field} must be a list", at=node.at)
    entries = []
    for item in node.items:
        if not isinstance(item, Scalar):
            raise ConfigurationError(f"an entry of {field} must be text", at=item.at)
        entries.append(item)
    return entries


def _same(entry: str) -> str:
    """Return an entry in the form in which it is compared: ``./x.yaml`` is ``x.yaml``."""
    return entry if "://" in entry else posixpath.normpath(entry)


# --- editing ----------------------------------------------------------------------------------------------------


def _edits(text: str, field: str, unwanted: set[str], added: list[str]) -> list[Edit]:
    root = compose(text)
    found = next((entry for entry in root.value if entry[0].value == field), None)
    if found is None:
        return [_field(text, root, field, added)]
    key, value = found
    if isinstance(value, yaml.SequenceNode) and value.value:
        if value.flow_style:
            return [_flow(text, value, unwanted, added)]
        return _block(text, key, value, unwanted, added)
    # Empty: nothing, null or [].
    colon = after_colon(text, key)
    end = value.end_mark.index
    if root.flow_style:
        return [(colon, end, f" [{', '.join(_written(name, None) for name in added)}]")]
    lines = _lines(text, " " * (key.start_mark.column + _offset(root)) + "- ", added, None)
    return [(colon, end, ""), after_line(text, end, lines)]


def _field(text: str, root: Any, field: str, added: list[str]) -> Edit:
    """Add the field itself, at the end of the file."""
    margin = " " * root.start_mark.column
    lines = _lines(text, margin + " " * _offset(root) + "- ", added, None)
    return after_line(text, len(text), f"{margin}{field}:{line_end(text)}{lines}")


def _block(text: str, key: Any, value: Any, unwanted: set[str], added: list[str]) -> list[Edit]:
    items = value.value
    gone = [item for item in items if _same(item.value) in unwanted]
    edits = [
        (text.rfind("\n", 0, item.start_mark.index) + 1, next_line(text, item.end_mark.index), "") for item in gone
    ]
    if added:
        last = items[-1]
        start = last.start_mark.index
        margin = text[text.rfind("\n", 0, start) + 1 : start]
        if not re.fullmatch(r" *- +", margin):
            margin = " " * value.start_mark.column + "- "
        edits.append(after_line(text, last.end_mark.index, _lines(text, margin, added, last.style)))
    elif len(gone) == len(items) and key.value != RESOURCES:
        start = text.rfind("\n", 0, key.start_mark.index) + 1
        edits = [(start, max(end for _, end, _ in edits), "")]
    elif len(gone) == len(items):
        colon = after_colon(text, key)
        edits.append((colon, colon, " []"))
    return edits


def _flow(text: str, value: Any, unwanted: set[str], added: list[str]) -> Edit:
    """Edit a list in brackets; each entry keeps what stands before it."""
    items = value.value
    start, end = value.start_mark.index + 1, value.end_mark.index - 1
    places = [(item.start_mark.index, item.end_mark.index) for item in items]
    lead, tail = text[start : places[0][0]], text[places[-1][1] : end]
    gaps = [text[a:b] for (_, a), (b, _) in itertools.pairwise(places)]
    between = gaps[-1] if gaps else ", "
    written = [
        (gap, text[a:b])
        for gap, (a, b), item in zip((between, *gaps), places, items, strict=True)
        if _same(item.value) not in unwanted
    ]
    written += [(between, _written(name, items[-1].style)) for name in added]
    if not written:
        return start, end, ""
    return start, end, lead + written[0][1] + "".join(gap + entry for gap, entry in written[1:]) + tail


def _offset(root: Any) -> int:
    """Return how far the file's other lists stand to the right of their field."""
    for key, value in root.value:
        if isinstance(value, yaml.SequenceNode) and not value.flow_style and value.value:
            offset: int = value.start_mark.column - key.start_mark.column
            return offset
    return 0


def _lines(text: str, margin: str, added: list[str], style: str | None) -> str:
    return "".join(f"{margin}{_written(name, style)}{line_end(text)}" for name in added)


def _written(name: str, style: str | None) -> str:
    """Return an entry as YAML, in its neighbour's quotes, or in single ones where it needs some."""
    simple = re.fullmatch(r"[A-Za-z0-9_./][A-Za-z0-9_./+-]*", name)
    if simple and style == '"':
        return f'"{name}"'
    if simple and style != "'" and is_plain_text(name):
        return name
    return "'" + name.replace("'", "''") + "'"


def _prove(edited: bytes, file: str, field: str, before: Mapping, entries: list[str]) -> None:
    """Read the result: it must list ``entries``, and all else must say what it said before."""
    try:
        after = _read(edited, file)
        found = [entry.text for entry in _entries(after, field)]
        as_wanted = found == entries and _others(after, field) == _others(before, field)
    except ConfigurationError:
        as_wanted = False
    if not as_wanted:
        node = before.get(field)
        raise ConfigurationError(
            f"the layout of {field} is too unusual to edit it in place",
            at=node.at if node else before.at,
            hint=f"Write {field} as a list with one entry a line: '- x.yaml'.",
        )


def _others(root: Mapping, field: str) -> list[tuple[str, Any]]:
    return [(name, said(node)) for name, (_, node) in root.entries.items() if name != field]
