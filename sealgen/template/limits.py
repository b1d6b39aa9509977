"""How much work a template may make: every block that it runs is a step, and what is large counts by its size."""

from __future__ import annotations

import re
from collections.abc import ItemsView, KeysView, ValuesView
from typing import TYPE_CHECKING, Any

from jinja2.utils import Namespace

from sealgen.template.opaque import Opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_STEPS = 500_000
"""Of one rendering: about a second. Aura's largest template takes ten."""

_TEXT = 64  # characters that are worth a step
_NUMBER = 8  # bits of a number, units of a width, or pieces of a text that are worth a step
_DIVISION = 2**20  # bits of one number times bits of the other
_WRAPPING = 2**14  # characters times characters, by the width
# What gives its first operand once for each part of the others, or the other way round.
_MULTIPLYING = frozenset({"expandtabs", "format", "indent", "join", "replace", "translate", "wordwrap"})
# What may make a piece of every character.
_SPLITTING = frozenset({"list", "rsplit", "split", "splitlines", "title", "wordcount", "wordwrap"})
# What takes a width, a count or a precision, and gives as much.
_SIZED = frozenset(
    {"batch", "center", "expandtabs", "indent", "ljust", "rjust", "round", "slice", "truncate", "wordwrap", "zfill"}
)
_WIDTH = re.compile(r"\d{4,}")
_GIVEN_WIDTH = re.compile(r"%[^A-Za-z%]*\*")


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
        size = 0
        waiting: list[Any] = list(values)
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                size += len(value)
                self.spend(len(value) // _TEXT)
            elif isinstance(value, list | tuple | set | dict | range | KeysView | ValuesView | ItemsView):
                # An item is a step, so that one list in many places counts as often as it stands there.
                size += len(value)
                self.spend(len(value))
                if isinstance(value, dict):
                    waiting += value.keys()
                    waiting += value.values()
                elif not isinstance(value, range):
                    waiting += value
            elif isinstance(value, Namespace):
                waiting.append(value._Namespace__attrs)  # noqa: SLF001  (the only way to see them all)
            elif isinstance(value, Opaque):
                size += value.size
                self.spend(len(value.recipe) + value.size // _TEXT)
        return size

    def counted(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the items, and take a step for each."""
        for item in items:
            self.spend()
            yield item

    def operation(self, operator: str, left: Any, right: Any) -> None:
        """Take the steps of a binary operator."""
        numbers = isinstance(left, int) and isinstance(right, int)
        if operator == "%" and isinstance(left, str):
            self.call("format", left, right)
        elif operator == "+" and not numbers:
            self.weigh(left, right)
        elif operator in ("//", "%") and numbers:
            self.spend(left.bit_length() * right.bit_length() // _DIVISION)
        elif operator == "**" and numbers:
            self.spend(left.bit_length() * abs(right) // _NUMBER)
        elif operator == "*" and numbers:
            self.spend((left.bit_length() + right.bit_length()) // _NUMBER)
        elif operator == "*":
            sequence, times = (right, left) if isinstance(left, int) else (left, right)
            if isinstance(times, int) and isinstance(sequence, str | list | tuple):
                self.spend(len(sequence) * max(times, 0) // (_TEXT if isinstance(sequence, str) else 1))

    def call(self, name: str, subject: object, *others: object) -> None:
        """Take the steps of a filter, a test, a function, or a method of what Python has."""
        size = self.weigh(subject)
        more = self.weigh(*others)
        numbers = [abs(other) for other in others if type(other) is int]
        width = sum(numbers) if name in _SIZED else 0
        if name == "format" and isinstance(subject, str):
            width = _widths(subject)
            if _GIVEN_WIDTH.search(subject):
                width += max((abs(number) for number in _numbers(others)), default=0)
        elif name in _SPLITTING and isinstance(subject, str):
            self.spend(size // _NUMBER)
        self.spend(width // _NUMBER)
        if name in _MULTIPLYING:
            self.spend(size * (more + width) // _TEXT)
        if name == "wordwrap":
            self.spend(size * size // max(1, *numbers[:1] or (79,)) // _WRAPPING)
        elif name == "sum" and any(isinstance(other, list | tuple) for other in others):
            # Each sum is a new list.
            self.spend(size * size // _TEXT)
        elif name == "divisibleby":
            self.operation("%", subject, *others[:1])

    def placed(self, value: object, specification: str) -> None:
        """Take the steps of one field of ``str.format``."""
        self.weigh(value)
        self.spend(1 + _widths(specification) // _NUMBER)


def _widths(text: str) -> int:
    """Return the sum of the numbers in a text, of those that are large."""
    return sum(10**9 if len(digits := run.lstrip("0")) > 9 else int(digits or "0") for run in _WIDTH.findall(text))


def _numbers(values: tuple[object, ...]) -> list[int]:
    """Return the numbers among values, and in the tuples, lists and mappings among them."""
    found: list[int] = []
    for value in values:
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,)
        found += [item for item in items if isinstance(item, int)]
    return found
