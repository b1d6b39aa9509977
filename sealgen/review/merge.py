"""Merging what sealgen writes line by line, where Git goes by neighbourhood. Pure.

Every line of a lock, and of a sealed manifest in kubeseal's layout, has a place of its own: a value, a key, a field.
Two branches that changed different places don't conflict, be they next to each other, and the lock merges as the
manifest does.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    _Place: TypeAlias = tuple[str, ...]

_FIELD = re.compile(rb"( *)([^\s#:'\"\[\]{}&*!|>%@`-][^:]*|\"[^\"\\]*\"|'[^']*'):(?: [^|>].*)?")


class Merged(NamedTuple):
    """What came of a merge."""

    content: bytes
    conflicts: int
    """How many places both sides changed, each in its own way; they stand between Git's markers."""


def merge(base: bytes, ours: bytes, theirs: bytes) -> Merged | None:
    """Merge three versions of a lock or of a sealed manifest.

    None where one of them is neither, or not as sealgen writes it: then it is a text like any other.
    """
    read = [_lines(content) for content in (base, ours, theirs)]
    if any(lines is None for lines in read):
        return None
    old, our, their = (dict(lines or {}) for lines in read)
    merged: list[tuple[bytes, bytes] | bytes] = []
    places: set[_Place] = set()
    for place in sorted({*our, *their}):
        before, mine, yours = (lines.get(place, b"") for lines in (old, our, their))
        if yours in (mine, before):
            merged.append(mine)
        elif mine == before:
            merged.append(yours)
        else:
            merged.append((mine, yours))
        if merged[-1]:
            places.add(place)
    if not _is_whole(places, old | our | their):
        return None
    return Merged(b"".join(_told(merged)), sum(isinstance(line, tuple) for line in merged))


def _is_whole(places: set[_Place], lines: Mapping[_Place, bytes]) -> bool:
    """Tell whether no field is without those it stands in, or those it holds: one side removed what the other needs."""
    fields = {place for place in places if place and place[0] == _MANIFEST}
    above = {place[:-1] for place in fields if len(place) > 2}
    return above <= fields and all(place in above for place in fields if lines[place].rstrip().endswith(b":"))


def _told(merged: list[tuple[bytes, bytes] | bytes]) -> Iterator[bytes]:
    """Yield the lines; neighbouring conflicts share their markers."""
    for conflict, group in itertools.groupby(merged, lambda line: isinstance(line, tuple)):
        if not conflict:
            yield from (line for line in group if isinstance(line, bytes))
            continue
        pairs = [line for line in group if isinstance(line, tuple)]
        yield b"<<<<<<< ours\n"
        yield from (mine for mine, _ in pairs)
        yield b"=======\n"
        yield from (yours for _, yours in pairs)
        yield b">>>>>>> theirs\n"


_MANIFEST = "manifest"


def _lines(content: bytes) -> Mapping[_Place, bytes] | None:
    """Return the lines by their place; None where some have none, or are not in the order of their places."""
    lines = content.splitlines(keepends=True)
    if content and not content.endswith(b"\n"):
        return None
    places = _places_of_lock(lines) if content.startswith(b'{"sealgen"') else _places_of_manifest(lines)
    found = dict(zip(places, lines, strict=False))
    if len(found) != len(lines) or list(found) != sorted(found):
        return None
    return found


def _places_of_lock(lines: list[bytes]) -> Iterator[_Place]:
    for line in lines:
        try:
            entry = json.loads(line)
            if "sealgen" in entry:
                yield ("0",)
            elif "value" in entry:
                yield ("1", str(entry["value"]))
            else:
                yield ("2", str(entry["secret"]), str(entry["key"]))
        except (ValueError, KeyError, TypeError):
            return


def _places_of_manifest(lines: list[bytes]) -> Iterator[_Place]:
    above: list[tuple[int, str]] = []
    for number, line in enumerate(lines):
        if number == 0 and line.rstrip() == b"---":
            yield ()
            continue
        field = _FIELD.fullmatch(line.rstrip())
        if field is None:
            return
        indent = len(field[1])
        while above and above[-1][0] >= indent:
            above.pop()
        above.append((indent, field[2].decode("utf-8", "replace").strip("\"'")))
        yield (_MANIFEST, *(name for _, name in above))
