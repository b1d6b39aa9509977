"""The algebra of recipes: how a key of a Secret is made of literal text and references to values.

A recipe is data. It is known without any plaintext; ``resolve`` is the only function here that meets one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sealgen.errors import SealgenError
from sealgen.filters import FILTERS, MAX_BYTES, TOO_LARGE, FilterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from sealgen.values.secret import Secret


class Reference(NamedTuple):
    """The bytes of a value, or of one part of it (``tls.crt``)."""

    value: str
    part: str = ""

    def __str__(self) -> str:
        return f"{self.value}.{self.part}" if self.part else self.value


@dataclass(frozen=True, slots=True)
class Filtered:
    """What a filter makes of a recipe; its arguments are recipes too."""

    filter: str
    input: Recipe
    arguments: tuple[Recipe, ...] = ()


Part: TypeAlias = str | Reference | Filtered
Recipe: TypeAlias = tuple[Part, ...]


def join(parts: Iterable[Part]) -> Recipe:
    """Return the concatenation in its one normal form: no empty text, no two texts side by side."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return tuple(joined)


def decoded(recipe: Recipe) -> Recipe:
    """Return the recipe of what ``recipe`` is the base64 of."""
    match recipe:
        case (Filtered("b64encode", inner),):
            return inner
    return (Filtered("b64decode", recipe),)


def leaves(recipe: Recipe) -> Iterator[str | Reference]:
    """Yield every text and reference in the recipe, in the order of the text."""
    for part in recipe:
        if isinstance(part, Filtered):
            yield from leaves(part.input)
            for argument in part.arguments:
                yield from leaves(argument)
        else:
            yield part


def references(recipe: Recipe) -> Iterator[Reference]:
    """Yield every reference in the recipe, in the order of the text."""
    return (leaf for leaf in leaves(recipe) if isinstance(leaf, Reference))


def values_in(recipe: Recipe) -> frozenset[str]:
    """Return the names of the values that the recipe refers to."""
    return frozenset([leaf.value for leaf in leaves(recipe) if isinstance(leaf, Reference)])


def digest(recipe: Recipe) -> str:
    """Return the SHA-256, in hex, of the recipe's canonical JSON. It tells nothing of any value."""
    canonical = _list(['"sealgen recipe 1"', *map(_canonical, recipe)])
    return hashlib.sha256(canonical.encode()).hexdigest()


_string = json.JSONEncoder(ensure_ascii=False).encode


def _canonical(part: Part) -> str:
    if isinstance(part, str):
        return _string(part)
    if isinstance(part, Reference):
        return f'{{"value":{_string(part.value)},"part":{_string(part.part)}}}'
    arguments = _list([_list(map(_canonical, argument)) for argument in part.arguments])
    return f'{{"filter":{_string(part.filter)},"input":{_list(map(_canonical, part.input))},"arguments":{arguments}}}'


def _list(items: Iterable[str]) -> str:
    return f"[{','.join(items)}]"


def text(recipe: Recipe) -> str:
    """Return the recipe for reading: ``postgresql://«user»:«password|urlquote»@db``."""
    return "".join(part.replace("«", "««") if isinstance(part, str) else f"«{_expression(part)}»" for part in recipe)


def _expression(part: Part) -> str:
    if isinstance(part, str):
        return json.dumps(part, ensure_ascii=False)
    if isinstance(part, Reference):
        return str(part)
    inner = _sum(part.input)
    if len(part.input) != 1:
        inner = f"({inner})"
    arguments = f"({', '.join(map(_sum, part.arguments))})" if part.arguments else ""
    return f"{inner}|{part.filter}{arguments}"


def _sum(recipe: Recipe) -> str:
    return " ~ ".join(map(_expression, recipe)) or '""'


def resolve(recipe: Recipe, lookup: Callable[[Reference], Secret]) -> bytes:
    """Return the plaintext that the recipe makes of the values that ``lookup`` knows.

    A recipe of one part may be any bytes; what is joined must be UTF-8 text. Raises SealgenError, without any
    part of a value, where a filter can't take its input.
    """
    if len(recipe) == 1:
        return _resolve_part(recipe[0], lookup)
    joined = []
    size = 0
    for part in recipe:
        plaintext = _resolve_part(part, lookup)
        size += len(plaintext)
        if size > MAX_BYTES:
            raise SealgenError(f"joining {_expression(part)} {TOO_LARGE}")
        try:
            plaintext.decode()
        except UnicodeDecodeError:
            raise SealgenError(
                f"{_expression(part)} is not UTF-8 text, so it can't be joined with other text; "
                "place it alone, or through b64encode"
            ) from None
        joined.append(plaintext)
    return b"".join(joined)


def _resolve_part(part: Part, lookup: Callable[[Reference], Secret]) -> bytes:
    if isinstance(part, str):
        return part.encode()
    if isinstance(part, Reference):
        return lookup(part).reveal()
    arguments = [resolve(argument, lookup) for argument in part.arguments]
    try:
        plaintext = FILTERS[part.filter].apply(resolve(part.input, lookup), *arguments)
    except FilterError as error:
        raise SealgenError(f"{_expression(part)}: {error}") from None
    if len(plaintext) > MAX_BYTES:
        raise SealgenError(f"{_expression(part)} {TOO_LARGE}")
    return plaintext
