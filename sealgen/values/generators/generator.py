"""What all generators have in common."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.yaml.schema import Field, Text

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Generator:
    """A source that makes its value; the fields of a subclass are what determines it."""

    kind: ClassVar[str] = "generate"
    made: ClassVar[bool] = True
    generator: ClassVar[str]
    """What stands after ``generate:``."""

    def specification(self) -> Mapping[str, object]:
        """Return the generator's name and its fields, defaults included."""
        return {"generate": self.generator, **asdict(self)}


def named(generator: str, makes: str) -> dict[str, Field]:
    """Return the first field of a generator: ``generate``, which can only be its name."""
    return {"generate": Field(Text(choices=(generator,)), makes, required=True)}
