"""Templates that print what they know by name and do nothing else: most are such, and need no compiler.

What is made of them here is what Jinja2 makes of them. Whatever is not told here, all that is wrong above all, is left
to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sealgen.filters import FILTERS
from sealgen.template.opaque import Opaque, OpaqueError, filtered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.template.rendered import Piece

_WORD = "[A-Za-z_][A-Za-z0-9_]*"
_PRINTED = re.compile(rf"(?<!\{{)\{{\{{ *({_WORD}(?:\.{_WORD})*)((?: *\| *{_WORD})*) *\}}\}}")
_MORE = re.compile(r"\{[{%#]|\r")
_LONGEST = 2**16  # characters: too few for a template's work, of which Jinja2's is counted, to be too much


def pieces(text: str, file: str, names: Mapping[str, Any]) -> tuple[Piece, ...] | None:
    """Return what a template prints that knows these names; None where it does more, or something is wrong."""
    if len(text) > _LONGEST:
        return None
    found: list[Piece] = []
    line = 1
    rest = iter(_PRINTED.split(text))
    for constant in rest:  # and what is printed after it
        if _MORE.search(constant):
            return None
        found.append((file, line, constant, True))
        line += constant.count("\n")
        if path := next(rest, ""):
            try:
                found.append((file, line, _printed(path, next(rest), names), False))
            except (LookupError, TypeError, OpaqueError):
                return None
    return tuple(found)


def _printed(path: str, filters: str, names: Mapping[str, Any]) -> str | Opaque:
    """Return what is printed of what is at ``path``; raises TypeError, LookupError or OpaqueError."""
    value: Any = names
    for name in path.split("."):
        value = value[name]
    if type(value) is int:
        value = str(value)
    for name in filters.replace(" ", "").split("|")[1:]:
        if not isinstance(value, Opaque) or FILTERS[name].parameters:
            raise TypeError
        value = filtered(name, value)
    if not isinstance(value, str | Opaque):
        raise TypeError
    return value
