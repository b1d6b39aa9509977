"""What all generators have in common."""

from __future__ import annotations

import abc
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, ClassVar

from sealgen.yaml.schema import Field, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ENTROPY = 8 * 4096
"""In bits: no generator makes values of more."""


@dataclass(frozen=True)
class Generator(abc.ABC):
    """A source that makes its value; the fields of a subclass are what determines it."""

    kind: ClassVar[str] = "generate"
    made: ClassVar[bool] = True
    generator: ClassVar[str]
    """What stands after ``generate:``."""

    @property
    @abc.abstractmethod
    def entropy_bits(self) -> int:
        """How hard it is to find the value, rounded down: the best attack takes two to this power tries.

        It is computed from what the value is made of, never from a value.
        """

    def specification(self) -> Mapping[str, object]:
        """Return the generator's name and its fields, defaults included."""
        return {"generate": self.generator, **{field.name: getattr(self, field.name) for field in fields(self)}}


def named(generator: str, makes: str) -> dict[str, Field]:
    """Return the first field of a generator: ``generate``, which can only be its name."""
    return {"generate": Field(Text(choices=(generator,)), makes, required=True)}
