"""What a template gives: text with a random token where each secret will be, and where each of its lines comes from."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from sealgen.errors import ConfigurationError, Mark
from sealgen.recipe import Filtered, Part, Recipe, Reference, join, text
from sealgen.template.opaque import Opaque

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


MAX_OUTPUT = 4 * 1024 * 1024  # characters; four times what a Secret can hold

# What one output statement yields: where it stands, and text or a stand-in. Constants come in groups.
Piece: TypeAlias = tuple[str, int, "str | Opaque", bool]


@dataclass(frozen=True)
class Rendered:
    """Text with a token where each secret will be."""

    text: str
    token_prefix: str
    """No other text holds it: tokens are this and six digits."""
    secrets: tuple[Reference | Filtered, ...]
    """What each token stands for, by its number."""
    file: str
    lines: tuple[Mark, ...]
    """Where each line of the text comes from; its column tells up to which one the two agree."""

    def mark(self, at: Mark) -> Mark:
        """Return the place in the template of a place in the text."""
        if at.line > len(self.lines):
            return self.lines[-1]._replace(column=0) if self.lines else Mark(self.file, 1, 0)
        origin = self.lines[at.line - 1]
        return origin._replace(column=at.column if at.column <= origin.column else 0)

    def token(self, number: int) -> str:
        """Return the token that stands for ``secrets[number]``."""
        return f"{self.token_prefix}{number:0{_DIGITS}}"

    def tokens(self, scalar: str) -> Iterator[int]:
        """Yield the number of every token in a scalar of the text."""
        return (int(piece[:_DIGITS]) for piece in scalar.split(self.token_prefix)[1:])

    def recipe(self, scalar: str) -> Recipe:
        """Return the recipe that a scalar of the text stands for."""
        first, *rest = scalar.split(self.token_prefix)
        parts: list[Part] = [first]
        for piece in rest:
            parts += [self.secrets[int(piece[:_DIGITS])], piece[_DIGITS:]]
        return join(parts)

    def readable(self, message: str) -> str:
        """Return the message with names where it repeats tokens."""
        return text(self.recipe(message)) if self.token_prefix in message else message


_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def random_word(size: int) -> str:
    """Return a capital S and two random letters a byte: they start no escape, number, tag or keyword of YAML's."""
    return f"S{secrets.token_hex(size).translate(_LETTERS)}"


_DIGITS = 6  # enough for the tokens that fit into MAX_OUTPUT


def assemble(file: str, groups: Iterable[tuple[Piece, ...]]) -> Rendered:
    """Put the pieces that a template yields together."""
    prefix = f"{random_word(12)}Q"
    pieces: list[str] = []
    found: list[Reference | Filtered] = []
    lines = _Lines()
    size = 0
    for source, lineno, value, constant in (piece for group in groups for piece in group):
        size += value.size if isinstance(value, Opaque) else len(value)
        if size > MAX_OUTPUT:
            at = Mark(source, lineno, 0)
            raise ConfigurationError(f"the template gives more than {MAX_OUTPUT} characters", at=at)
        # What a macro or a block gives is text with secrets in it: its text may be YAML.
        for part in value.recipe if isinstance(value, Opaque) else (value,):
            if isinstance(part, str):
                piece = part
            else:
                _check_characters(part, Mark(source, lineno, 0))
                piece = f"{prefix}{len(found):0{_DIGITS}}"
                found.append(part)
            lines.add(piece, source, lineno, constant)
            pieces.append(piece)
    return Rendered("".join(pieces), prefix, tuple(found), file, tuple(lines.origins))


class _Lines:
    """Where the lines of a text come from that is put together from pieces."""

    def __init__(self) -> None:
        self.origins: list[Mark] = []
        self._begun = False

    def add(self, piece: str, source: str, lineno: int, constant: bool) -> None:
        """Note a piece; a constant one stands in the template as it does in the text, in as many lines."""
        if "\n" not in piece:
            self._put(piece, Mark(source, lineno, 0))
            return
        first, *rest = piece.split("\n")
        # Where on its line in the template the piece starts is not known; its other lines are whole.
        self._put(first, Mark(source, lineno, 0))
        for number, line in enumerate(rest, start=1):
            if not self._begun:
                self.origins.append(Mark(source, lineno + number - 1 if constant else lineno, 1))
            self._begun = False
            self._put(line, Mark(source, lineno + number, len(line) + 1) if constant else Mark(source, lineno, 0))

    def _put(self, text_: str, origin: Mark) -> None:
        if text_ and not self._begun:
            self.origins.append(origin)
            self._begun = True


def _check_characters(part: Part, at: Mark) -> None:
    try:
        text((part,)).encode()
    except UnicodeEncodeError:
        raise ConfigurationError("half of a surrogate pair is no character", at=at) from None
