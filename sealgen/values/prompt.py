"""The source ``prompt``: a person is asked once; the value is sealed and forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import CannotTell
from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.values.source import Parts, Source, Surroundings


@dataclass(frozen=True)
class Prompt:
    """What a person enters, hidden and twice. It can't be read again, so its version is a counter."""

    kind: ClassVar[str] = "prompt"
    made: ClassVar[bool] = True
    parts: ClassVar[tuple[str, ...]] = ("",)

    question: str

    def specification(self) -> Mapping[str, object]:
        """Return nothing: the person determines the value, not the question's wording."""
        return {}

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Ask the question; CannotTell where nobody can answer."""
        if surroundings.ask is None:
            raise CannotTell(
                f"values.{name} is asked of a person, and there is no terminal to ask at",
                hint="run this in a terminal",
            )
        return {"": surroundings.ask(self.question)}


def _question_problem(text: str) -> str | None:
    # Control characters would reach the terminal.
    return None if text.strip() and text.isprintable() else "a question is one line of printable text"


SHAPE: Record[Source] = Record(
    {
        "prompt": Field(
            Text(problem=_question_problem),
            "The question to a person, whose answer is hidden, asked twice and not kept.",
            required=True,
        )
    },
    lambda fields: Prompt(fields["prompt"]),
)
