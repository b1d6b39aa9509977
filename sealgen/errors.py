"""What can go wrong, as types: each knows its place in the input and the exit code it ends the process with."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Mark(NamedTuple):
    """A place in a file: ``line`` and ``column`` count from 1, as editors do; a column of 0 is unknown."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


class SealgenError(Exception):
    """Something failed: nothing was written, and the message says what is wrong and what would be right.

    The message never holds a value. ``at`` is where in the input, ``hint`` what to do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, at: Mark | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.at}: {self.message}" if self.at else self.message
        return f"{text}\n{self.hint}" if self.hint else text


class ConfigurationError(SealgenError):
    """The command line, an environment file, a template or a certificate says something that can't be right."""

    exit_code = 2


class CannotTell(SealgenError):  # noqa: N818  (a verdict, not a fault)
    """A key or a source that this machine does not have is needed to go on; sealgen never guesses."""

    exit_code = 12


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest of ``known``, or all of them when none is near."""
    import difflib  # noqa: PLC0415  (where all is well, nothing is looked for)

    known = sorted(known)
    folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{folded[near[0]]}'?"
    if not known:
        return ""
    return f"; known are {', '.join(known)}" if len(known) <= 14 else ""


def printable(text: str) -> str:
    """Return the text with control characters written out, so that no name can move the cursor or forge a line."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def key_told(key: str) -> str:
    """Return a mapping's key for a message: where the space after a ``:`` is missing, a value follows it, left out."""
    name, colon, _ = key.partition(":")
    return f"{name}:…" if colon else key


def unknown_field(prefix: str, name: str, known: Iterable[str]) -> str:
    """Return the message for a key that no field has; ``prefix`` is the path of what has it and a dot, or nothing."""
    known = tuple(known)
    field, colon, _ = name.partition(":")
    hint = f"; a space is missing after '{field}:'" if colon and field in known else did_you_mean(field, known)
    return f"unknown field {quoted(prefix + key_told(name))}{hint}"


_SHOWN = 80  # characters


def shortened(text: str, most: int = _SHOWN) -> str:
    """Return the text for a message: on one line, cut where it has more than ``most`` characters."""
    return printable(text if len(text) <= most else text[: most - 1] + "…")


def quoted(text: str) -> str:
    """Return the text in quotes for a message: on one line, not too long."""
    return f"'{shortened(text)}'"
