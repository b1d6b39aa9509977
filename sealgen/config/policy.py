"""``policy:`` in an environment file: what ``sealgen check`` holds every secret value to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sealgen.values.generate import GENERATORS
from sealgen.values.generators.generator import MAX_ENTROPY
from sealgen.yaml.nodes import Mapping
from sealgen.yaml.schema import DAYS, Field, Integer, MapOf, Record, Text

if TYPE_CHECKING:
    from collections.abc import Mapping as Map

    from sealgen.yaml.nodes import Node
    from sealgen.yaml.schema import JSONSchema

_OTHERS = "others"


@dataclass(frozen=True)
class Policy:
    """Rules for all values of an environment; what is not said is no rule."""

    min_entropy: Map[str, int] = field(default_factory=dict)
    """In bits, by what stands after ``generate:``, and for those that are not named by ``others``."""
    max_age: int | None = None
    """In days."""

    def least_entropy(self, generator: str) -> int:
        """Return how many bits a generator's values must have."""
        return self.min_entropy.get(generator, self.min_entropy.get(_OTHERS, 0))

    def is_weaker(self, than: Policy) -> bool:
        """Tell whether it allows something that another one does not."""
        if any(self.least_entropy(name) < than.least_entropy(name) for name in GENERATORS):
            return True
        return than.max_age is not None and (self.max_age is None or self.max_age > than.max_age)


_BITS = Integer(1, MAX_ENTROPY)
_BY_GENERATOR = MapOf(_BITS, Text(choices=(*GENERATORS, _OTHERS)))


class _MinEntropy:
    """A number of bits for all generators, or one by generator."""

    def read(self, node: Node, path: str) -> Map[str, int]:
        """Return the bits by generator."""
        return _BY_GENERATOR.read(node, path) if isinstance(node, Mapping) else {_OTHERS: _BITS.read(node, path)}

    def json_schema(self) -> JSONSchema:
        """Both ways to write it."""
        return {"anyOf": [_BITS.json_schema(), _BY_GENERATOR.json_schema()]}


POLICY: Record[Policy] = Record(
    {
        "min_entropy": Field(
            _MinEntropy(),
            "The fewest bits of entropy that a generated value may have; or by generator: "
            "{password: 100, others: 128}.",
            default={},
        ),
        "max_age": Field(
            DAYS,
            "How old any secret value may become, such as 365d; each needs a rotate_every that is no longer.",
        ),
    },
    lambda fields: Policy(fields["min_entropy"], fields["max_age"]),
)
