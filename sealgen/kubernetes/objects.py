"""The objects of a file, YAML or JSON, and their fields: read as Kubernetes' own tools take them.

Source: k8s.io/apimachinery v0.35 (``meta/v1`` List and ListMeta), RFC 8259 (JSON).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NoReturn

from sealgen.errors import ConfigurationError, quoted
from sealgen.yaml import layout, nodes
from sealgen.yaml.nodes import Mapping, Scalar, Sequence

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from sealgen.errors import Mark
    from sealgen.yaml.nodes import Node

MAX_BYTES = 64 * 1024 * 1024
"""Of a file with objects: an export of all Secrets of a large cluster, ``last-applied-configuration`` and all."""

_JSON = json.JSONDecoder()
_SOLID = re.compile(r"\S")
# What JSON has and YAML has not: a pair of escapes for one character (the backslash before them is not itself
# escaped), and characters as they are for which YAML wants an escape.
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
_RAW = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def read_all(content: bytes, file: str) -> list[Field]:
    """Return the objects of a file: those of every document, and in the place of a List those that it holds.

    ``file`` is the name that errors carry. Raises ConfigurationError for what is neither YAML nor JSON, for what is no
    object, and where there is none.
    """
    roots = [root for stream in _streams(content) for root in nodes.parse_all(stream, file, MAX_BYTES)]
    found = [field for root in roots for field in _objects(Field("", root, root.at))]
    if not found:
        raise ConfigurationError(f"{file} holds no object")
    return found


def _streams(content: bytes) -> Iterator[str | bytes]:
    """Yield streams of YAML: JSON texts by themselves, as several may follow each other with nothing between."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        yield content  # its reader says where
        return
    place = lines = 0
    while place < len(text):
        before = "\n" * lines
        start = _next(text, place)
        try:
            end = _JSON.raw_decode(text, start)[1] if text.startswith("{", start) else None
        except (ValueError, RecursionError):
            end = None
        if end is None:  # it is YAML, or an error that its reader finds
            yield before + text[place:]
            return
        yield before + _as_yaml(text[place:end])
        end = _next(text, end)
        lines += text.count("\n", place, end)
        place = end


def _next(text: str, place: int) -> int:
    """Return the place of what is not blank from here on, or of the end."""
    found = _SOLID.search(text, place)
    return found.start() if found else len(text)


def _as_yaml(text: str) -> str:
    """Return a JSON text in the way in which it is YAML too."""
    text = _PAIR.sub(lambda match: match[1] + bytes.fromhex(match[2] + match[3]).decode("utf-16-be"), text)
    return _RAW.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _objects(root: Field) -> Iterator[Field]:
    kind = root.mapping("an object")["kind"].text_if_given() or ""
    if not kind.endswith("List"):
        yield root
        return
    items = root["items"]
    if items.node is None:
        return
    if not isinstance(items.node, Sequence):
        raise ConfigurationError("items must be a list", at=items.at)
    for item in items.node.items:
        yield from _objects(Field("", _typed(item, root, kind.removesuffix("List")), item.at))


def _typed(item: Node, root: Field, kind: str) -> Node:
    """Return an item with its kind and version, which an API server leaves out of a list of one kind."""
    if not kind or not isinstance(item, Mapping) or "kind" in item.entries or not isinstance(root.node, Mapping):
        return item
    told: dict[str, tuple[Scalar, Node]] = {"kind": (Scalar("kind", True, *item.at), Scalar(kind, True, *item.at))}
    told |= {name: entry for name, entry in root.node.entries.items() if name == "apiVersion"}
    return Mapping(told | item.entries, item.at)


class Field:
    """A field that may be absent; nothing and null are the same to Kubernetes."""

    __slots__ = ("at", "node", "path")

    def __init__(self, path: str, node: Node | None, at: Mark) -> None:
        self.path = path
        self.node = None if node is None or nodes.is_null(node) else node
        self.at = node.at if node is not None else at

    def __getitem__(self, name: str) -> Field:
        node = self.entries().get(name, (None, None))[1]
        return Field(f"{self.path}.{name}" if self.path else name, node, self.at)

    def mapping(self, noun: str) -> Field:
        """Return the field itself, if it is a mapping or absent; ``noun`` is what an error calls it."""
        if self.node is not None and not isinstance(self.node, Mapping):
            raise ConfigurationError(f"{noun} must be a mapping", at=self.at)
        return self

    def entries(self) -> dict[str, tuple[Scalar, Node]]:
        """Return the entries of a mapping, none where it is absent."""
        node = self.mapping(self.path).node
        return node.entries if isinstance(node, Mapping) else {}

    def missing(self) -> NoReturn:
        """Say that the field is missing."""
        raise ConfigurationError(f"{self.path} is missing", at=self.at)

    def text(self) -> str:
        """Return the text of a field that must be there."""
        if self.node is None:
            self.missing()
        return text_of(self.node, self.path)

    def text_if_given(self) -> str | None:
        """Return the text, None where the field is absent."""
        return None if self.node is None else text_of(self.node, self.path)

    def must_be(self, expected: str) -> None:
        """Refuse any other text."""
        found = self.text()
        if found != expected:
            raise ConfigurationError(f"{self.path} is {quoted(found)}, not '{expected}'", at=self.at)

    def texts(self) -> dict[str, str]:
        """Return a mapping's texts by key, none where it is absent."""
        return {
            text_of(key, f"a key of {self.path}"): text_of(value, f"{self.path}.{key.text}")
            for key, value in self.entries().values()
        }

    def boolean_if_given(self) -> bool | None:
        """Return the truth value, None where the field is absent."""
        if self.node is None:
            return None
        if isinstance(self.node, Scalar) and self.node.plain and self.node.text in ("true", "false"):
            return self.node.text == "true"
        raise ConfigurationError(f"{self.path} must be true or false", at=self.at)


def facts(root: Field, path: str = "", apart: Container[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield every field that holds something by its path below ``root``, and what it holds, for reading.

    A list is one field. Those in ``apart`` are left out. Raises ConfigurationError where ``root`` is no mapping.
    """
    for name, (_, node) in root.entries().items():
        below = f"{path}.{name}" if path else name
        if below in apart:
            continue
        if isinstance(node, Mapping) and node.entries:
            yield from facts(root[name], below, apart)
        else:
            yield below, nodes.shown(node)


def text_of(node: Node, path: str) -> str:
    """Return the text of a scalar that Kubernetes takes for text; ``path`` is what an error calls it."""
    if isinstance(node, Scalar) and (not node.plain or layout.reads_as_text(node.text)):
        return node.text
    raise ConfigurationError(f"{path} must be text", at=node.at)
