"""Recipes as Go templates: what External Secrets Operator renders to the bytes that the plain backend gives.

Wherever ``recipe.resolve`` gives bytes, the template gives the same ones; what that refuses (text that is not UTF-8,
a NUL in an SQL string) the operator may let pass. Source: External Secrets Operator 0.20, ``pkg/template/v2``; Go's
text/template; the functions of sprig 3.3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.filters import FILTERS, FilterError
from sealgen.recipe import Filtered, Reference, join

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgen.recipe import Part, Recipe


TEXT = "text"
"""Beside the filters of templates: gives text as it is, and ends with an error for bytes that are none."""


class Untranslatable(Exception):  # noqa: N818  (a limit of the engine, not a fault)
    """The engine has nothing that gives the same bytes for every input; the message says of what, and why."""


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """Go's word for an expression: an operand, and functions that it passes through."""

    text: str
    alone: bool = False
    """It may stand as an argument without parentheses."""

    def through(self, function: str) -> _Pipeline:
        return _Pipeline(f"{self.text} | {function}")

    @property
    def operand(self) -> str:
        return self.text if self.alone else f"({self.text})"


def translate(recipe: Recipe, key_of: Callable[[Reference], str]) -> str:
    """Return the template of a recipe; ``key_of`` gives the key of the template's data that holds a reference.

    Raises Untranslatable.
    """
    translation = _Translation(key_of)
    pieces = translation.pieces(recipe)
    written = list(translation.variables)
    for place, piece in enumerate(pieces):
        if isinstance(piece, _Pipeline):
            written.append(f"{{{{ {piece.text} }}}}")
        else:
            # A brace right before an action would be taken for a part of its delimiter.
            braces = _BRACES_BEFORE if place + 1 < len(pieces) else _BRACES
            written.append(braces.sub(lambda found: f'{{{{ "{found[0]}" }}}}', piece))
    return "".join(written)


def folded(recipe: Recipe, known: Mapping[Reference, str]) -> Recipe:
    """Return the recipe with values that are no secret as text in their places, and filters run where all is text.

    Raises FilterError where a filter can't take such a text.
    """
    return join(_folded(part, known) for part in recipe)


def _folded(part: Part, known: Mapping[Reference, str]) -> Part:
    if isinstance(part, Reference):
        return known.get(part, part)
    if isinstance(part, str):
        return part
    input_ = folded(part.input, known)
    arguments = tuple(folded(argument, known) for argument in part.arguments)
    filter_ = FILTERS[part.filter]
    texts = [_text(recipe) for recipe in (input_, *arguments)]
    if not filter_.salted and None not in texts:
        try:
            return filter_.apply(*[text.encode() for text in texts if text is not None]).decode()
        except UnicodeDecodeError:
            pass  # what base64 stands for; a template's text can't hold it
        except FilterError as error:
            raise FilterError(f"{part.filter} {error}") from None
    return Filtered(part.filter, input_, arguments)


def _text(recipe: Recipe) -> str | None:
    match recipe:
        case ():
            return ""
        case (str(text),):
            return text
    return None


_BRACES = re.compile(r"\{{2,}")
_BRACES_BEFORE = re.compile(r"\{{2,}|\{\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SAFE_IN_SHELL = r"^[A-Za-z0-9_@%+=:,./-]+$"


class _Translation:
    def __init__(self, key_of: Callable[[Reference], str]) -> None:
        self._key_of = key_of
        self.variables: list[str] = []
        """The template's first actions, which write nothing."""

    def pieces(self, recipe: Recipe) -> list[str | _Pipeline]:
        """Return texts and pipelines that follow each other; no two texts do."""
        found: list[str | _Pipeline] = []
        for part in recipe:
            for piece in self._part(part):
                if isinstance(piece, str) and found and isinstance(found[-1], str):
                    found[-1] += piece
                else:
                    found.append(piece)
        return found

    def _part(self, part: Part) -> list[str | _Pipeline]:
        if isinstance(part, str):
            return [part]
        if isinstance(part, Reference):
            key = self._key_of(part)
            return [_Pipeline(f".{key}", alone=True) if _NAME.fullmatch(key) else _Pipeline(f"index . {_quoted(key)}")]
        if part.filter not in _TRANSLATIONS:
            raise Untranslatable(_REASONS[part.filter])
        return _TRANSLATIONS[part.filter](self, self._pipeline(part.input), *map(self._pipeline, part.arguments))

    def _pipeline(self, recipe: Recipe) -> _Pipeline:
        pieces = [
            _Pipeline(_quoted(piece), alone=True) if isinstance(piece, str) else piece for piece in self.pieces(recipe)
        ]
        if len(pieces) == 1:
            return pieces[0]
        return _Pipeline(
            " ".join(["print", *[piece.operand for piece in pieces]]) if pieces else '""', alone=not pieces
        )

    def named(self, pipeline: _Pipeline) -> _Pipeline:
        """Return something short that stands for the pipeline, which is needed more than once."""
        if pipeline.alone:
            return pipeline
        name = f"$v{len(self.variables) + 1}"
        self.variables.append(f"{{{{ {name} := {pipeline.text} }}}}")
        return _Pipeline(name, alone=True)

    def sqlquote(self, value: _Pipeline) -> list[str | _Pipeline]:
        value = self.named(value)
        escape = _Pipeline(rf'contains "\\" {value.text} | ternary "E" ""')
        return [escape, "'", value.through(r"""replace "'" "''" | replace "\\" "\\\\" """.strip()), "'"]

    def shellquote(self, value: _Pipeline) -> list[str | _Pipeline]:
        value = self.named(value)
        quote = _Pipeline(f"""regexMatch "{_SAFE_IN_SHELL}" {value.text} | ternary "" "'" """.strip())
        return [quote, value.through("""replace "'" "'\\"'\\"'" """.strip()), quote]

    def text(self, value: _Pipeline) -> list[str | _Pipeline]:
        value = self.named(value)
        # In JSON another character stands for each byte that is no text.
        again = f"({value.text} | toRawJson | fromJson)"
        self.variables.append(f'{{{{ if ne {value.text} {again} }}}}{{{{ fail "not text" }}}}{{{{ end }}}}')
        return [value]

    def b64decode(self, value: _Pipeline) -> list[str | _Pipeline]:
        value = self.named(value)
        decoded = self.named(value.through("b64dec"))
        # The function returns what went wrong as if that were the value.
        encoded = rf'({value.text} | replace "\n" "" | replace "\r" "")'
        self.variables.append(
            f'{{{{ if ne ({decoded.text} | b64enc) {encoded} }}}}{{{{ fail "not standard base64" }}}}{{{{ end }}}}'
        )
        return [decoded]


def _function(text: str) -> Callable[[_Translation, _Pipeline], list[str | _Pipeline]]:
    return lambda _, value: [value.through(text)]


_TRANSLATIONS: Mapping[str, Callable[..., list[str | _Pipeline]]] = {
    "urlquote": _function('urlquery | replace "+" "%20"'),
    "b64encode": _function("b64enc"),
    "b64decode": _Translation.b64decode,
    "tojson": _function("toRawJson"),
    "sqlquote": _Translation.sqlquote,
    "shellquote": _Translation.shellquote,
    "replace": lambda _, value, old, new: [value.through(f"replace {old.operand} {new.operand}")],
    "trim": _function("trim"),
    "sha256": _function("sha256sum"),
    TEXT: _Translation.text,
}
_REASONS: Mapping[str, str] = {
    "redisquote": "redisquote is for a command's standard input, and the engine has nothing like it",
    "htpasswd": "htpasswd has a new salt each time, so that the Secret would change at every refresh",
    "upper": "upper is not the same for every letter in Go and in Python",
    "lower": "lower is not the same for every letter in Go and in Python",
}


def _quoted(text: str) -> str:
    """Return a Go string literal."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return _SHORT.get(character) or (
        f"\\u{ord(character):04x}" if ord(character) < 0x10000 else f"\\U{ord(character):08x}"
    )


_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
