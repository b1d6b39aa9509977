"""Editing YAML where it stands: what is put in goes by the parser's places, and all else stays byte for byte.

A round trip through a YAML writer does not promise that. Who edits reads the result again, and compares with ``said``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from sealgen.yaml.nodes import Scalar, Sequence

if TYPE_CHECKING:
    from sealgen.yaml.nodes import Node

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Edit: TypeAlias = tuple[int, int, str]
"""Where a stretch of the text begins and ends, in characters, and what stands there afterwards."""


def compose(text: str) -> Any:
    """Return PyYAML's own nodes of a document, which know where they begin and end."""
    return yaml.compose(text, Loader=_Loader)


def applied(text: str, edits: list[Edit]) -> str:
    """Return the text with all of these edits, no two of which overlap."""
    pieces: list[str] = []
    place = 0
    for start, end, instead in sorted(edits):
        pieces += text[place:start], instead
        place = end
    return "".join((*pieces, text[place:]))


def said(node: Node) -> Any:
    """Return what a node says, without where it says it."""
    if isinstance(node, Scalar):
        return node.text, node.plain
    if isinstance(node, Sequence):
        return [said(item) for item in node.items]
    return [(name, said(value)) for name, (_, value) in node.entries.items()]


def after_colon(text: str, key: Any) -> int:
    """Return the place behind the colon of a composed key."""
    return text.find(":", key.end_mark.index) + 1


def line_end(text: str) -> str:
    """Return what ends a line of this text."""
    return "\r\n" if "\r\n" in text else "\n"


def next_line(text: str, index: int) -> int:
    """Return where the line after that of ``index`` begins."""
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def after_line(text: str, index: int, lines: str) -> Edit:
    """Put whole lines behind the line of ``index``, which may be the last and without an end."""
    place = next_line(text, index)
    return place, place, lines if text[:place].endswith("\n") else line_end(text) + lines


def end_of(node: Any) -> int:
    """Return where the text of a node ends; of a block, where that of its last entry does."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return end_of(last[1] if isinstance(node, yaml.MappingNode) else last)
