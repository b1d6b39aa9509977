"""Fields of an environment file, written where they stand: whole entries change, and all else stays byte for byte.

What is written comes as text of the same form, with its own comments and layout. A field that is ``null`` there goes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from sealgen.config import FOLDER
from sealgen.config.merging import merged
from sealgen.errors import ConfigurationError, Mark, quoted
from sealgen.yaml.edits import compose, end_of, said
from sealgen.yaml.nodes import Mapping, Scalar, is_null, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.yaml.nodes import Node

    Read = Callable[[str], bytes | None]
    """Gives the bytes of a file by its path from the project's root, or None if there is none."""


class _Line(NamedTuple):
    """A line with its end, and where it comes from."""

    text: str
    file: str
    number: int


@dataclass(frozen=True)
class Given:
    """Fields to write, by name: each as lines with the comments above it, and as what it says."""

    root: Mapping
    lines: dict[str, list[_Line]]

    def check_backend(self, kind: str) -> None:
        """Raise ConfigurationError unless they have a backend of this kind."""
        backend = self.root.get("backend")
        if backend is None:
            raise ConfigurationError(
                "backend is missing",
                at=self.root.at,
                hint=f"Write backend: {{kind: {kind}, …}} with all that it needs.",
            )
        said = backend.get("kind") if isinstance(backend, Mapping) else None
        if not isinstance(said, Scalar) or said.text != kind:
            told = f"is {quoted(said.text)}" if isinstance(said, Scalar) else "is missing"
            raise ConfigurationError(f"backend.kind {told}, and --to says {kind}", at=(said or backend).at)


@dataclass(frozen=True)
class FieldsEdit:
    """An environment's own file, before and after."""

    file: str
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    _lines: tuple[_Line, ...] = field(repr=False)

    def original(self, at: Mark | None) -> Mark | None:
        """Return where somebody wrote what stands at a place of the file as it is to be."""
        if at is None or at.file != self.file or not 0 < at.line <= len(self._lines):
            return at
        line = self._lines[at.line - 1]
        return Mark(line.file, line.number, at.column)


def given(content: bytes, file: str) -> Given:
    """Read fields as an environment file has them; raises ConfigurationError for a layout that can't be taken over."""
    root = parse(content, file)
    if not isinstance(root, Mapping) or not root.entries:
        raise ConfigurationError("it must have fields as an environment file has them: backend, push…", at=root.at)
    text = content.decode("utf-8-sig")
    lines = _lines_of(text, file)
    spans = _spans(text)
    if spans is None:
        raise ConfigurationError("it must be a mapping with a field a line, not one in braces", at=root.at)
    found, begin = {}, 0
    last = list(spans)[-1]
    for name, (_, end) in spans.items():
        own = lines[begin : len(lines) if name == last else end]
        while own and (not own[0].text.strip() or own[0].text.startswith(("---", "# yaml-language-server:"))):
            own = own[1:]
        while not own[-1].text.strip():
            own = own[:-1]
        found[name], begin = own, end
    return Given(root, found)


def edit(name: str, read: Read, fields: Given) -> FieldsEdit:
    """Write fields into the own file of the environment ``name``, in the places of those that it has.

    Raises ConfigurationError for a file that can't be edited in place.
    """
    file = f"{FOLDER}/{name}.yaml"
    before = read(file) or b""
    text = before.decode("utf-8-sig")
    spans = _spans(text)
    if spans is None:
        raise _unusual(file)
    line_end = "\r\n" if "\r\n" in text else "\n"
    lines = _lines_of(text, file)
    if lines and not lines[-1].text.endswith("\n"):
        lines[-1] = lines[-1]._replace(text=lines[-1].text + line_end)
    inherited = _inherited(name, read, fields)
    place = len(lines)
    # Each line with what comes before it; the last entry is what comes at the end.
    coming: list[list[_Line]] = [[] for _ in range(len(lines) + 1)]
    gone: set[int] = set()
    for wanted, own in fields.lines.items():
        there = spans.get(wanted)
        if there is not None:
            gone |= set(range(*there))
            place = there[1]
        if wanted in inherited or not is_null(fields.root.entries[wanted][1]):
            coming[there[0] if there else place] += [
                line._replace(text=line.text.rstrip("\r\n") + line_end) for line in own
            ]
    after: list[_Line] = []
    for index, line in enumerate(lines):
        after += coming[index]
        after += [] if index in gone else [line]
    after += coming[-1]
    content = before[: len(before) - len(text.encode())] + "".join(line.text for line in after).encode()
    if not _as_wanted(file, before, content, fields, inherited):
        raise _unusual(file)
    return FieldsEdit(file, before, content, tuple(after))


def _unusual(file: str) -> ConfigurationError:
    return ConfigurationError(
        "the layout of the file is too unusual to write fields in place",
        at=Mark(file, 1, 1),
        hint="Write them with your editor, then run 'sealgen seal'.",
    )


def _lines_of(text: str, file: str) -> list[_Line]:
    return [_Line(line, file, number) for number, line in enumerate(_split(text), start=1)]


def _split(text: str) -> list[str]:
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _spans(text: str) -> dict[str, tuple[int, int]] | None:
    """Return the lines that each field stands on, from zero, the last one left out; None for a mapping in braces."""
    root = compose(text)
    if root.flow_style:
        return None
    found = {}
    for key, value in root.value:
        end = end_of(value) if value.value or value.end_mark.index > key.end_mark.index else key.end_mark.index
        last = text.count("\n", 0, end)
        found[key.value] = (key.start_mark.line, last if text[:end].endswith("\n") else last + 1)
    return found


def _inherited(name: str, read: Read, fields: Given) -> set[str]:
    """Return the fields that the environment would have from the files that it extends."""
    own = parse(read(f"{FOLDER}/{name}.yaml") or b"", f"{FOLDER}/{name}.yaml")
    extends = own.get("extends") if isinstance(own, Mapping) else None
    if extends is None:
        return set()
    base = merged(str(getattr(extends, "text", "")), read)
    return fields.lines.keys() & base.entries.keys()


def _as_wanted(file: str, before: bytes, after: bytes, fields: Given, inherited: set[str]) -> bool:
    """Read the result: the file has these fields, and says nothing else than before."""
    try:
        old, new = _said(parse(before, file)), _said(parse(after, file))
    except ConfigurationError:
        return False
    wanted = {
        name: said(node) for name, (_, node) in fields.root.entries.items() if name in inherited or not is_null(node)
    }
    return new == {name: what for name, what in old.items() if name not in fields.lines} | wanted


def _said(root: Node) -> dict[str, Any]:
    return {name: said(node) for name, (_, node) in root.entries.items()} if isinstance(root, Mapping) else {}
