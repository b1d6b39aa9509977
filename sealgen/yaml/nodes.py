"""YAML text to a tree that keeps raw text and positions, and has no opinions.

Scalars stay as written (``yes``, ``012345`` and ``1e3`` are those characters); who reads the tree decides what
they mean. The subset is strict: one document, text keys that occur once, no anchors, aliases or tags.
Source: YAML 1.1 and 1.2 as libyaml parses them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import yaml

from sealgen.errors import ConfigurationError, Mark

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_DEPTH = 64
MAX_BYTES = 16 * 1024 * 1024

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(NamedTuple):
    """Text as it stands in the file; ``plain`` tells that no quotes or block said it is text."""

    text: str
    plain: bool
    at: Mark


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
    return not node.plain or _NOT_TEXT.match(node.text) is None


def is_null(node: Node) -> bool:
    """Tell whether the node is YAML's null: nothing, ``~`` or ``null``."""
    return isinstance(node, Scalar) and node.plain and node.text in ("", "~", "null", "Null", "NULL")


def parse(text: bytes | str, file: str) -> Node:
    """Read one YAML document.

    ``file`` is the name that marks carry. Raises ConfigurationError for anything outside the subset.
    """
    if len(text) > MAX_BYTES:
        raise ConfigurationError(f"{file} is larger than {MAX_BYTES // 1024 // 1024} MiB")
    if isinstance(text, bytes):
        text = _decode(text, file)
    if forbidden := _FORBIDDEN.search(text):
        code = ord(forbidden[0])
        raise ConfigurationError(
            f"the character U+{code:04X} can't stand here as it is; in double quotes, write \\u{code:04x} for it",
            at=_place(text[: forbidden.start()], file),
        )
    try:
        return _document(_Loader(text).get_event, file)
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


class _Collection:
    """A mapping or a list that is being read."""

    __slots__ = ("at", "entries", "items", "key")

    def __init__(self, at: Mark, entries: dict[str, tuple[Scalar, Node]] | None) -> None:
        self.at = at
        self.items: list[Node] = []
        self.entries = entries
        """None in a list."""
        self.key: Scalar | None = None

    def add(self, node: Node) -> None:
        if self.entries is None:
            self.items.append(node)
        elif self.key is not None:
            self.entries[self.key.text] = (self.key, node)
            self.key = None
        elif not isinstance(node, Scalar):
            raise ConfigurationError("a key must be text", at=node.at)
        elif node.text in self.entries:
            first = self.entries[node.text][0].at
            raise ConfigurationError(f"'{node.text}' occurs twice; the first is in line {first.line}", at=node.at)
        else:
            self.key = node

    def node(self) -> Node:
        return Sequence(tuple(self.items), self.at) if self.entries is None else Mapping(self.entries, self.at)


def _document(next_event: Callable[[], Any], file: str) -> Node:
    # A stack of our own: nesting costs no recursion, and a limit holds it.
    stack: list[_Collection] = []
    root: Node | None = None
    while (kind := type(event := next_event())) is not yaml.StreamEndEvent:
        if kind not in _NODE_EVENTS:
            if kind is yaml.DocumentStartEvent and root is not None:
                raise ConfigurationError("a second document; a file holds one", at=_mark(event, file))
            continue
        if kind in _END_EVENTS:
            node = stack.pop().node()
        else:
            at = _mark(event, file)
            _refuse_opinions(event, at)
            if kind is not yaml.ScalarEvent:
                if len(stack) >= MAX_DEPTH:
                    raise ConfigurationError(f"nested deeper than {MAX_DEPTH} levels", at=at)
                stack.append(_Collection(at, {} if kind is yaml.MappingStartEvent else None))
                continue
            if event.style == '"' and _SURROGATE.search(event.value):  # the parser in Python lets them pass
                raise ConfigurationError("not YAML: an escape that is no character", at=at)
            node = Scalar(event.value, not event.style, at)
        if stack:
            stack[-1].add(node)
        else:
            root = node
    if root is None:
        raise ConfigurationError("the file is empty", at=Mark(file, 1, 1))
    return root


_END_EVENTS = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})
_NODE_EVENTS = _END_EVENTS | {yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent, yaml.AliasEvent}


def _mark(event: Any, file: str) -> Mark:
    start = event.start_mark
    return Mark(file, start.line + 1, start.column + 1)


def _refuse_opinions(event: Any, at: Mark) -> None:
    """Refuse what makes a node more than its text: an alias, an anchor, a tag."""
    if type(event) is yaml.AliasEvent:
        raise ConfigurationError(f"an alias (*{event.anchor}); write the value out", at=at)
    if event.anchor is not None:
        raise ConfigurationError(f"an anchor (&{event.anchor}); write the value out where it is used", at=at)
    if event.tag is not None:
        raise ConfigurationError(f"a YAML tag ({event.tag}); write plain text", at=at)
