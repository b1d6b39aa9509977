"""Stand-ins: what a template sees where a secret will be.

An Opaque can be placed, joined and passed through the closed list of filters, which are recorded. Whatever would
need its content (a test, a comparison, a measure, a slice, a loop) raises OpaqueError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from sealgen.recipe import Filtered, Part, Recipe, join, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class OpaqueError(Exception):
    """A template tried to look into a secret; the message says what it did."""


_SHOWN = 80  # characters of a recipe that a message repeats
REFERENCE = 32
"""As how many characters a reference or a filter counts in a size: as many as its token has."""


def shown(recipe: Recipe) -> str:
    """Return the recipe for a message: on one line, not too long."""
    line = text(recipe).replace("\n", "\\n")
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _refused(deed: str) -> Callable[..., NoReturn]:
    def refuse(self: Opaque, *_: object, **__: object) -> NoReturn:
        raise OpaqueError(f"{shown(self.recipe)} is a secret: it can't be {deed} in a template")

    return refuse


class Opaque:
    """A stand-in for what ``recipe`` will be when it is sealed."""

    __slots__ = ("recipe", "size")

    def __init__(self, recipe: Recipe, size: int = REFERENCE) -> None:
        self.recipe = recipe
        self.size = size
        """The characters of the recipe, written out: a part that stands in it twice counts twice."""

    __bool__ = _refused("tested")
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refused("compared")
    __hash__ = _refused("used as a key")
    __len__ = _refused("measured")
    __iter__ = __reversed__ = __contains__ = _refused("looped over or searched")
    __getitem__ = _refused("taken apart")
    __add__ = __radd__ = _refused("added (join with ~)")
    __mul__ = __rmul__ = __sub__ = __rsub__ = __pow__ = __rpow__ = _refused("calculated with")
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _refused("calculated with")
    __mod__ = __rmod__ = __format__ = _refused("formatted (join with ~)")
    __int__ = __float__ = __index__ = __neg__ = __pos__ = _refused("turned into a number")
    __str__ = __repr__ = _refused("turned into text (join with ~)")
    __call__ = _refused("called")


class Parts(dict[str, Opaque]):
    """The stand-ins of a value that has parts, such as ``tls.crt`` and ``tls.key``."""

    def __init__(self, name: str, parts: dict[str, Opaque]) -> None:
        super().__init__(parts)
        self.name = name


def concatenated(pieces: Iterable[str | Opaque]) -> str | Opaque:
    """Return text, or a stand-in if there is one among the pieces."""
    parts: list[Part] = []
    texts: list[str] = []
    size = 0
    for piece in pieces:
        if isinstance(piece, Opaque):
            # Joined here, where there may be very many.
            parts += ["".join(texts), *piece.recipe]
            texts.clear()
            size += piece.size
        else:
            texts.append(piece)
            size += len(piece)
    last = "".join(texts)
    return Opaque(join([*parts, last]), size) if parts else last


def filtered(name: str, subject: str | Opaque, *arguments: str | Opaque) -> Opaque:
    """Record that a filter of the closed list is to be applied."""
    subject_recipe, *argument_recipes = recipes = [
        operand.recipe if isinstance(operand, Opaque) else join([operand]) for operand in (subject, *arguments)
    ]
    stands_in = any(isinstance(operand, Opaque) for operand in (subject, *arguments))
    if stands_in and all(isinstance(part, str) for recipe in recipes for part in recipe):
        # A blank: the text that it stands for would meet the filter here and now, and may be refused by it.
        raise OpaqueError(f"{shown(subject_recipe)} is not known here: it can't pass through {name}")
    size = sum(operand.size if isinstance(operand, Opaque) else len(operand) for operand in (subject, *arguments))
    return Opaque((Filtered(name, subject_recipe, tuple(argument_recipes)),), REFERENCE + size)


def kind(value: object) -> str:
    """Return what a template's author calls a value of this type."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a {type(value).__name__}"
