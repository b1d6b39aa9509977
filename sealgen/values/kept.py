"""A generated value that a store keeps: made where it is not there, and read from there ever after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.values.destination import Destination
    from sealgen.values.entry import Part
    from sealgen.values.source import Parts, Source, Surroundings
    from sealgen.values.stored import Stored
    from sealgen.values.value import Value


@dataclass(frozen=True)
class Kept:
    """What makes the value, and where it is kept.

    It can be read again, so that its version is a keyed digest; and it is made here, so that it can be rotated here.
    """

    kind: ClassVar[str] = "generate"
    made: ClassVar[bool] = False

    generator: Source
    destination: Destination
    place: Stored | None = None
    """The destination, once it is known which environment's value it is."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The generator's."""
        return self.generator.parts

    def specification(self) -> Mapping[str, object]:
        """Return the generator's: where a value is kept does not determine it."""
        return self.generator.specification()

    @property
    def stored(self) -> Stored:
        """Where it is kept."""
        assert self.place is not None  # noqa: S101  (an environment has it placed)
        return self.place

    def part(self, name: str) -> Part:
        """Return where a part of it is."""
        return self.stored.at_part(name)

    @property
    def stored_parts(self) -> tuple[Part, ...]:
        """What is read of it."""
        return tuple(map(self.part, self.parts))

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Read it; raises CannotTell where it is not there (yet), as where the store can't be asked."""
        return {part: surroundings.stores.read(name, self.part(part)) for part in self.parts}


def generator_of(source: Source) -> Source:
    """Return what makes the values of a source: of one that is kept its generator, else the source itself."""
    return source.generator if isinstance(source, Kept) else source


def is_rotatable(source: Source) -> bool:
    """Tell whether the next version of a value is made here."""
    return source.made or isinstance(source, Kept)


def of_environment(values: Mapping[str, Value], environment: str) -> dict[str, Value]:
    """Return the values, those that are kept with their places; raises ConfigurationError for a name that can't be."""

    def placed(name: str, source: Source) -> Source:
        if not isinstance(source, Kept):
            return source
        return replace(source, place=source.destination.of(environment, name, source.parts))

    return {name: value.having(placed(name, value.source)) for name, value in values.items()}
