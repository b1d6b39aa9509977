"""The source ``env``: a variable of the environment that sealgen runs in, such as a CI secret."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import CannotTell
from sealgen.values.secret import Secret
from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.values.source import Parts, Source, Surroundings

VARIABLE = Text(pattern=r"[A-Za-z_][A-Za-z0-9_]*", words="letters, digits and '_', no digit first")


@dataclass(frozen=True)
class Env:
    """The variable's bytes; one that is set but empty is a value."""

    kind: ClassVar[str] = "env"
    made: ClassVar[bool] = False
    parts: ClassVar[tuple[str, ...]] = ("",)

    env: str

    def specification(self) -> Mapping[str, object]:
        """Return the variable's name."""
        return asdict(self)

    def obtain(self, name: str, surroundings: Surroundings) -> Parts:
        """Read the variable; CannotTell where it is not set."""
        text = surroundings.environ.get(self.env)
        if text is None:
            raise CannotTell(
                f"values.{name}: the environment variable {self.env} is not set",
                hint=f"set {self.env} to the value and run again",
            )
        return {"": Secret(os.fsencode(text))}


SHAPE: Record[Source] = Record(
    {"env": Field(VARIABLE, "The name of an environment variable.", required=True)},
    lambda fields: Env(fields["env"]),
)
