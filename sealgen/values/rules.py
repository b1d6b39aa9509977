"""The rules that every value may have, whatever its source."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError, Mark, SealgenError, quoted, shortened
from sealgen.values import time_limit
from sealgen.values.generators.text import TextGenerator
from sealgen.values.literal import Literal
from sealgen.yaml.schema import DAYS, Field, Fields, Integer, Text

if TYPE_CHECKING:
    from sealgen.values.secret import Secret
    from sealgen.values.source import Parts, Source

_MAX_BYTES = 1024 * 1024  # what a Secret can hold


@dataclass(frozen=True)
class Rules:
    """What a value must keep to; None is no rule."""

    min_length: int | None
    """In bytes (of UTF-8, for text)."""
    max_length: int | None
    """In bytes."""
    pattern: str | None
    """A regular expression of Python's ``re`` that the whole value matches, as UTF-8 text."""
    rotate_every: int | None
    """In days."""
    lint: str | None
    """What a suspicious value does: ``warn``, or ``error``, which refuses it; None for what the environment says."""
    forbid: str | None = None
    """Characters that it must not have."""


def _pattern_problem(text: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what re only warns of means something else in a later Python
            re.compile(text)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        return f"not a regular expression: {error}"
    return None


def _forbid_problem(text: str) -> str | None:
    return None if text else "no character is named"


RULES: dict[str, Field] = {
    "min_length": Field(Integer(1, _MAX_BYTES), "The fewest bytes that the value may have."),
    "max_length": Field(Integer(1, _MAX_BYTES), "The most bytes that the value may have."),
    "pattern": Field(
        Text(problem=_pattern_problem), "A regular expression (Python's re) that the whole value must match."
    ),
    "forbid": Field(
        Text(problem=_forbid_problem), "Characters that the value must not have, as what reads it can't take them."
    ),
    "rotate_every": Field(DAYS, "How old the value may become, such as 90d, 12w or 1y."),
    "lint": Field(
        Text(choices=("warn", "error")),
        "What a suspicious value does: a warning, or an error that refuses it; default: the environment's.",
    ),
}


_NONE = Rules(None, None, None, None, None)
_OTHER_CHARACTERS = "Leave them out of the charset of 'generate: password', or generate what has none of them: hex."


def read_rules(fields: Fields, source: Source) -> Rules:
    """Return the rules that ``fields`` has for a value.

    Raises ConfigurationError for rules that no value of this source can keep.
    """
    if RULES.keys().isdisjoint(fields.written()):
        return _NONE
    path = fields.path
    read = Rules(
        fields["min_length"],
        fields["max_length"],
        fields["pattern"],
        fields["rotate_every"],
        fields["lint"],
        fields["forbid"],
    )
    if read.min_length and read.max_length and read.min_length > read.max_length:
        raise ConfigurationError(
            f"{path}: min_length is {read.min_length}, and max_length {read.max_length}",
            at=fields.at("max_length"),
        )
    if source.parts != ("",):
        for name in ("min_length", "max_length", "pattern", "forbid"):
            if fields[name] is not None:
                parts = ", ".join(source.parts)
                raise ConfigurationError(
                    f"{path}.{name} can't be: the value has several parts ({parts})", at=fields.at(name)
                )
    if isinstance(source, TextGenerator):
        _check_made(read, source, fields)
    if isinstance(source, Literal):
        problem = _problem(path, read, source.text, fields.at("pattern"))
        if problem:
            raise ConfigurationError(f"{path} {problem}", at=fields.at("literal"))
    return read


def _check_made(rules: Rules, source: TextGenerator, fields: Fields) -> None:
    """Raise ConfigurationError for a rule that what is generated breaks, or may break."""
    path = fields.path
    broken = _broken_length(rules, source.size)
    if broken:
        raise ConfigurationError(
            f"{path}.{broken}: 'generate: {source.generator}' makes {source.size} bytes here",
            at=fields.at(broken),
        )
    if made := [character for character in dict.fromkeys(rules.forbid or "") if character in source.alphabet]:
        raise ConfigurationError(
            f"{path}.forbid: 'generate: {source.generator}' makes {', '.join(map(quoted, made))} here",
            at=fields.at("forbid"),
            hint=_OTHER_CHARACTERS,
        )


def check(name: str, rules: Rules, parts: Parts) -> None:
    """Raise SealgenError if a part of the value called ``name`` breaks a rule; the message shows nothing of it.

    A pattern that takes too long to match is a ConfigurationError.
    """
    if rules is _NONE:
        return
    path = f"values.{name}"
    for secret in parts.values():
        if problem := _problem(path, rules, secret):
            raise SealgenError(f"{path} {problem}")


def _broken_length(rules: Rules, size: int) -> str | None:
    if rules.min_length is not None and size < rules.min_length:
        return "min_length"
    if rules.max_length is not None and size > rules.max_length:
        return "max_length"
    return None


def _problem(path: str, rules: Rules, secret: Secret, at: Mark | None = None) -> str | None:
    """Say which rule is broken; ``at`` is where the pattern stands."""
    broken = _broken_length(rules, len(secret))
    if broken == "min_length":
        return f"is shorter than its min_length, {rules.min_length} bytes"
    if broken == "max_length":
        return f"is longer than its max_length, {rules.max_length} bytes"
    if rules.forbid is not None:
        text = secret.reveal().decode("utf-8", "surrogateescape")
        if any(character in text for character in rules.forbid):
            return "has a character that its forbid names"
    if rules.pattern is not None:
        try:
            text = secret.reveal().decode()
        except UnicodeDecodeError:
            return "is not UTF-8 text, so that it can't match its pattern"
        try:
            if not time_limit.fullmatch(rules.pattern, text, time_limit.SECONDS):
                return f"does not match its pattern, {shortened(rules.pattern)}"
        except time_limit.TooSlowError:
            raise ConfigurationError(
                f"{path}.pattern, {quoted(rules.pattern)}, takes longer than {time_limit.SECONDS:g} s to match",
                at=at,
                hint="Write it without a repetition in a repetition: a+, not (a+)+.",
            ) from None
    return None
