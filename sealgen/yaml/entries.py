"""Setting entries of a mapping in YAML text, where it stands.

An entry that is there is written anew; a new one comes behind the last that sorts before it in kubeseal's order, so
that what was in its layout stays in it.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import yaml

from sealgen.yaml import layout
from sealgen.yaml.edits import after_line, applied, compose, end_of, next_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.yaml.edits import Edit
    from sealgen.yaml.layout import Tree


class NotInPlaceError(Exception):
    """The text is laid out in a way that can't be edited in place."""


def with_entries(text: str, path: Sequence[str], entries: Tree) -> str:
    """Return the text of one document with these entries in the mapping at ``path``, which is made where it is missing.

    ``text`` is what ``nodes.parse`` takes. Raises NotInPlaceError for mappings in braces, unless they are empty.
    """
    if not entries:
        return text
    mapping = compose(text)
    added: Tree = entries
    names = list(path)
    while names and (below := _value(mapping, names[0])) and isinstance(below, yaml.MappingNode) and below.value:
        mapping = below
        del names[0]
    for name in reversed(names):
        added = {name: added}
    if mapping.flow_style or text[: mapping.start_mark.index].rpartition("\n")[2].strip():
        raise NotInPlaceError
    edits: dict[int, Edit] = {}
    order = layout.in_order(tuple({key.value for key, _ in mapping.value} | added.keys()))
    for name in filter(added.__contains__, order):
        start, end, new = _edit(text, mapping, order, name, added[name])
        # Of what comes to one place, the first comes first; behind it may follow what is written anew there.
        before = edits.get(start, (start, start, ""))[2]
        edits[start] = start, end, before + new
    return applied(text, list(edits.values()))


def without_entry(text: str, name: str) -> str:
    """Return the text of one document without an entry of its outermost mapping, and the lines that it stands on.

    ``text`` is what ``nodes.parse`` takes, and has the entry. Comments stay. Raises NotInPlaceError for a mapping in
    braces.
    """
    mapping = compose(text)
    if mapping.flow_style:
        raise NotInPlaceError
    ((key, value),) = (entry for entry in mapping.value if entry[0].value == name)
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    end = end_of(value)
    return applied(text, [(start, end if text[:end].endswith("\n") else next_line(text, end), "")])


def _value(mapping: Any, name: str) -> Any:
    return next((value for key, value in mapping.value if key.value == name), None)


def _edit(text: str, mapping: Any, order: Sequence[str], name: str, value: Any) -> Edit:
    first = mapping.value[0][0].start_mark
    written = _written({name: value}, first.column)
    for key, there in mapping.value:
        if key.value == name:
            end = end_of(there)
            anew = written[first.column :]
            return key.start_mark.index, end, anew if text[:end].endswith("\n") else anew[:-1]
    before = set(order[: order.index(name)])
    ahead = [value for key, value in mapping.value if key.value in before]
    if not ahead:
        start = first.index - first.column
        return start, start, written
    end = end_of(ahead[-1])
    return (end, end, written) if text[:end].endswith("\n") else after_line(text, end, written)


def _written(tree: Tree, column: int) -> str:
    """Return whole lines at a column, on which depends where long text is folded."""
    deep = column // 2
    for _ in range(deep):
        tree = {"x": tree}
    return textwrap.indent(layout.dump(tree).split("\n", 1 + deep)[-1], " " * (column % 2))
