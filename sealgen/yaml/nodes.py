"""YAML text to a tree that keeps raw text and positions, and has no opinions.

Scalars stay as written (``yes``, ``012345`` and ``1e3`` are those characters); who reads the tree decides what
they mean. The subset is strict: one document, text keys that occur once, no anchors, aliases or tags.
Source: YAML 1.1 and 1.2 as libyaml parses them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from sealgen.errors import ConfigurationError, Mark, key_told, quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH = 64
MAX_BYTES = 6 * 1024 * 1024
"""Enough for 50,000 values, which are read in a second; three million items of a letter each take six, and 660 MiB."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
T = TypeVar("T")


class Scalar(NamedTuple):
    """Text as it stands in the file; ``plain`` tells that no quotes or block said it is text.

    There may be a million of them, so each has its place in it and not beside it.
    """

    text: str
    plain: bool
    file: str
    line: int
    column: int

    @property
    def at(self) -> Mark:
        """Where it begins."""
        return Mark(self.file, self.line, self.column)


class Sequence(NamedTuple):
    """A list of nodes."""

    items: tuple[Node, ...]
    at: Mark


class Mapping(NamedTuple):
    """Nodes by key, in the order of the file; each with the key's own node."""

    entries: dict[str, tuple[Scalar, Node]]
    at: Mark

    def get(self, name: str) -> Node | None:
        """Return the node at ``name``, or None."""
        entry = self.entries.get(name)
        return entry[1] if entry else None


Node: TypeAlias = Scalar | Sequence | Mapping

# What some reader of YAML 1.1, YAML 1.2 or Go's yaml takes for something other than text: null, booleans,
# numbers (octal, hexadecimal, binary, sexagesimal, underscored), infinities, dates, the merge and value keys.
# Go drops all underscores before it looks, and takes numbers of one digit in times.
_NOT_TEXT = re.compile(
    r"""(?: ~ | null | true | false | yes | no | on | off | y | n | << | = |
        [-+]? (?: 0b[01_]+ | 0o[0-7_]+ | 0x[0-9a-f_]+ | \.inf | [0-9][0-9_]*(?: :[0-5]?[0-9])+(?:\.[0-9_]*)? ) |
        [-+]_+ | (?: [-+]_* )? (?: [0-9][0-9_]* (?:\.[0-9_]*)? | \.[0-9_]+ ) (?: e_*[-+]?_*[0-9][0-9_]* )? |
        \.nan |
        [0-9]{4}-[0-9]{1,2}-[0-9]{1,2} (?: (?: t | [ \t]+ ) [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2} .* )?
    )?\Z""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)

# YAML's own limits (1.2, production c-printable), and what a reader of YAML 1.1 takes for a line's end but one of
# 1.2 does not, or skips: a byte order mark, NEL, and the separators of lines and paragraphs.
_FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_text(node: Scalar) -> bool:
    """Tell whether every YAML reader takes this scalar for text, byte for byte as it stands."""
    return not node.plain or is_plain_text(node.text)


def is_plain_text(text: str) -> bool:
    """Tell whether every YAML reader takes this for text where no quotes say so."""
    return _NOT_TEXT.match(text) is None


def is_null(node: Node) -> bool:
    """Tell whether the node is YAML's null: nothing, ``~`` or ``null``."""
    return isinstance(node, Scalar) and node.plain and node.text in ("", "~", "null", "Null", "NULL")


def shown(node: Node) -> str:
    """Return a node on one line, for reading and comparing; it is not YAML."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return f"[{', '.join(map(shown, node.items))}]"
    return f"{{{', '.join(f'{name}: {shown(value)}' for name, (_, value) in node.entries.items())}}}"


def parse(text: bytes | str, file: str) -> Node:
    """Read one YAML document.

    ``file`` is the name that marks carry. Raises ConfigurationError for anything outside the subset.
    """
    return _read(text, file, MAX_BYTES, _Reader.document)


def parse_all(text: bytes | str, file: str, most: int) -> list[Node]:
    """Read a stream of YAML documents, without those that say nothing.

    ``file`` is the name that marks carry, ``most`` how many bytes or characters there may be. Raises
    ConfigurationError for more, and for anything outside the subset.
    """
    return _read(text, file, most, _Reader.documents)


def _read(text: bytes | str, file: str, most: int, whole: Callable[[_Reader], T]) -> T:
    if len(text) > most:
        raise ConfigurationError(f"{file} is larger than {most // 1024 // 1024} MiB")
    if isinstance(text, bytes):
        text = _decode(text, file)
    if forbidden := _FORBIDDEN.search(text):
        code = ord(forbidden[0])
        raise ConfigurationError(
            f"the character U+{code:04X} can't stand here as it is; in double quotes, write \\u{code:04x} for it",
            at=_place(text[: forbidden.start()], file),
        )
    try:
        return whole(_Reader(_Loader(text).get_event, file))
    except yaml.MarkedYAMLError as error:
        # libyaml's context can quote the line, and so a value; its problem text does not.
        found = error.problem_mark or error.context_mark
        at = Mark(file, found.line + 1, found.column + 1) if found else None
        raise ConfigurationError(f"not YAML: {error.problem or error.context}", at=at) from None
    except ValueError:  # of the parser in Python alone, for "\U00110000"
        raise ConfigurationError("not YAML: an escape that is no character", at=Mark(file, 1, 1)) from None


def _decode(text: bytes, file: str) -> str:
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode()  # without the byte order mark, if there was one
        raise ConfigurationError("not UTF-8 text", at=_place(before, file)) from None


def _place(before: str, file: str) -> Mark:
    """Return the place after this text."""
    return Mark(file, before.count("\n") + 1, len(before) - before.rfind("\n"))


_new: Any = tuple.__new__  # a NamedTuple's own constructor is Python, and takes three times as long


class _Reader:
    """Reads nodes from the events of a parser; MAX_DEPTH bounds its recursion."""

    __slots__ = ("_file", "_next")

    def __init__(self, next_event: Callable[[], Any], file: str) -> None:
        self._next = next_event
        self._file = file

    def document(self) -> Node:
        root: Node | None = None
        while type(event := self._next()) is not StreamEndEvent:
            if type(event) is DocumentStartEvent:
                if root is not None:
                    raise ConfigurationError("a second document; a file holds one", at=self._mark(event))
                root = self._node(self._next(), 0)
        if root is None:
            raise ConfigurationError("the file is empty", at=Mark(self._file, 1, 1))
        return root

    def documents(self) -> list[Node]:
        roots = []
        while type(event := self._next()) is not StreamEndEvent:
            if type(event) is DocumentStartEvent:
                roots.append(self._node(self._next(), 0))
        return [root for root in roots if not is_null(root)]

    def _node(self, event: Any, depth: int) -> Node:
        kind = type(event)
        if kind is ScalarEvent:
            return self._scalar(event)
        at = self._mark(event)
        if kind is AliasEvent or event.anchor is not None or event.tag is not None:
            raise _opinion(event, at)
        if depth >= MAX_DEPTH:
            raise ConfigurationError(f"nested deeper than {MAX_DEPTH} levels", at=at)
        return self._mapping(at, depth + 1) if kind is MappingStartEvent else self._sequence(at, depth + 1)

    def _mapping(self, at: Mark, depth: int) -> Mapping:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while type(event := self._next()) is not MappingEndEvent:
            key = self._scalar(event) if type(event) is ScalarEvent else self._node(event, depth)
            if not isinstance(key, Scalar):
                raise ConfigurationError("a key must be text", at=key.at)
            text = key.text
            if text in entries:
                first = entries[text][0].at
                raise ConfigurationError(
                    f"{quoted(key_told(text))} occurs twice; the first is in line {first.line}", at=key.at
                )
            event = self._next()
            entries[text] = key, self._scalar(event) if type(event) is ScalarEvent else self._node(event, depth)
        mapping: Mapping = _new(Mapping, (entries, at))
        return mapping

    def _sequence(self, at: Mark, depth: int) -> Sequence:
        items = []
        while type(event := self._next()) is not SequenceEndEvent:
            items.append(self._node(event, depth))
        return Sequence(tuple(items), at)

    def _scalar(self, event: Any) -> Scalar:
        if event.anchor is not None or event.tag is not None:
            raise _opinion(event, self._mark(event))
        text, style, start = event.value, event.style, event.start_mark
        if style == '"' and _SURROGATE.search(text):  # the parser in Python lets them pass
            raise ConfigurationError("not YAML: an escape that is no character", at=self._mark(event))
        scalar: Scalar = _new(Scalar, (text, not style, self._file, start.line + 1, start.column + 1))
        return scalar

    def _mark(self, event: Any) -> Mark:
        start = event.start_mark
        mark: Mark = _new(Mark, (self._file, start.line + 1, start.column + 1))
        return mark


def _opinion(event: Any, at: Mark) -> ConfigurationError:
    """Return the error for what makes a node more than its text: an alias, an anchor, a tag."""
    if event.anchor is not None:  # an alias has one always
        anchor = shortened(event.anchor)
        if type(event) is AliasEvent:
            return ConfigurationError(f"an alias (*{anchor}); write the value out", at=at)
        return ConfigurationError(f"an anchor (&{anchor}); write the value out where it is used", at=at)
    return ConfigurationError(f"a YAML tag ({shortened(event.tag)}); write plain text", at=at)
