"""The source ``literal``: text in the environment file itself, for what is hardly secret, as a user's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.values.secret import Secret
from sealgen.yaml.schema import Field, RawText, Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.values.source import Parts, Source, Surroundings


@dataclass(frozen=True, eq=False, slots=True)
class Literal:
    """Bytes as written: ``012345`` and ``yes`` are those characters."""

    kind: ClassVar[str] = "literal"
    made: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ("",)

    text: Secret

    def specification(self) -> Mapping[str, object]:
        """Return the text, to be digested and not to be shown.

        Its digest tells nothing that Git doesn't: the text stands in clear in the same repository.
        """
        return {"literal": self.text.reveal().decode()}

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Return the text."""
        return {"": self.text}


SHAPE: Record[Source] = Record(
    {"literal": Field(RawText(), "The value itself, in clear in Git: for what is not really secret.", required=True)},
    lambda fields: Literal(Secret(fields["literal"])),
)
