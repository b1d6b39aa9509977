"""Names of values in an environment file: those that templates use, and those that must be of its values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgen.errors import key_told, quoted
from sealgen.values.value import NAME
from sealgen.yaml.schema import Text, scalar

if TYPE_CHECKING:
    from sealgen.yaml.nodes import Node, Scalar
    from sealgen.yaml.schema import JSONSchema

_VALUE_NAME = re.compile(NAME)


def _problem(text: str) -> str | None:
    if _VALUE_NAME.fullmatch(text):
        return None
    near = re.sub(r"[^A-Za-z0-9_]+", "_", text.partition(":")[0]).strip("_")
    meant = f"; did you mean '{near}'?" if _VALUE_NAME.fullmatch(near) else ""
    return f"{quoted(key_told(text))} can't be a name in templates; letters, digits and _ can{meant}"


NAME_IN_TEMPLATES = Text(problem=_problem, pattern=NAME)


class ValueName:
    """The name of a value of the environment, and where it stands."""

    def read(self, node: Node, path: str) -> Scalar:
        """Return the node."""
        return scalar(node, path, "a value's name")

    def json_schema(self) -> JSONSchema:
        """Text."""
        return Text().json_schema()
