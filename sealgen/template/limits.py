"""How much work a template may make: every block that it runs is a step, and what is large counts by its size."""

from __future__ import annotations

import re
from typing import Any

from sealgen.template.opaque import Opaque

MAX_STEPS = 500_000
"""Of one rendering: about a second. Aura's largest template takes ten."""

_TEXT = 64  # characters that are worth a step
_NUMBER = 8  # bits of a number, or units of a width, that are worth a step
# What gives its first operand once for each part of the others, or the other way round.
_MULTIPLYING = frozenset({"expandtabs", "format", "format_map", "indent", "join", "replace", "translate", "wordwrap"})
# What takes a width, a count or a precision, and gives as much.
_SIZED = frozenset(
    {"batch", "center", "expandtabs", "indent", "ljust", "rjust", "round", "slice", "truncate", "wordwrap", "zfill"}
)
_WIDTH = re.compile(r"[0-9]{4,9}(?![0-9])|[0-9]{10}")
_GIVEN_WIDTH = re.compile(r"%[^A-Za-z%]*\*|\{[^{}]*\{")


class TooMuch(Exception):  # noqa: N818  (a verdict, not a fault)
    """A template is out of steps."""


class Steps:
    """The steps that are left."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_STEPS

    def spend(self, number: int = 1) -> None:
        """Take so many steps; raises TooMuch where there are not enough."""
        self.left -= number
        if self.left < 0:
            raise TooMuch(
                f"this is too much work: a template has {MAX_STEPS} steps, and loops, calls, and long texts, lists "
                "and numbers use them up"
            )

    def weigh(self, *values: object) -> int:
        """Take the steps that it needs to go through values; returns their size in characters and items."""
        size, waiting = 0, list(values)
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                size += len(value)
                self.spend(len(value) // _TEXT)
            elif isinstance(value, list | tuple | set | dict | range):
                # An item is a step, so that one list in many places counts as often as it stands there.
                size += len(value)
                self.spend(len(value))
                if isinstance(value, dict):
                    waiting += value.keys()
                    waiting += value.values()
                elif not isinstance(value, range):
                    waiting += value
            elif isinstance(value, Opaque):
                self.spend(len(value.recipe))
        return size

    def operation(self, operator: str, left: Any, right: Any) -> None:
        """Take the steps of a binary operator."""
        numbers = isinstance(left, int) and isinstance(right, int)
        if operator == "%" and isinstance(left, str):
            self.call("format", left, right)
        elif operator == "+" and not numbers:
            self.weigh(left, right)
        elif operator == "**" and numbers:
            self.spend(left.bit_length() * abs(right) // _NUMBER)
        elif operator == "*" and numbers:
            self.spend((left.bit_length() + right.bit_length()) // _NUMBER)
        elif operator == "*":
            sequence, times = (right, left) if isinstance(left, int) else (left, right)
            if isinstance(times, int) and isinstance(sequence, str | list | tuple):
                self.spend(len(sequence) * max(times, 0) // (_TEXT if isinstance(sequence, str) else 1))

    def call(self, name: str, subject: object, *others: object) -> None:
        """Take the steps of a filter, or of a method of text."""
        size = self.weigh(subject)
        more = self.weigh(*others)
        width = sum(abs(other) for other in others if isinstance(other, int)) if name in _SIZED else 0
        if name in ("format", "format_map") and isinstance(subject, str):
            width = sum(map(int, _WIDTH.findall(subject)))
            if _GIVEN_WIDTH.search(subject):
                width += max((abs(number) for number in _numbers(others)), default=0)
        self.spend(width // _NUMBER)
        if name in _MULTIPLYING:
            self.spend(size * (more + width) // _TEXT)


def _numbers(values: tuple[object, ...]) -> list[int]:
    """Return the numbers among values, and in the tuples, lists and mappings among them."""
    found: list[int] = []
    for value in values:
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,)
        found += [item for item in items if isinstance(item, int)]
    return found
