"""A credential that an environment file names and never holds."""

from __future__ import annotations

from dataclasses import dataclass

from sealgen.errors import ConfigurationError
from sealgen.values.env import VARIABLE
from sealgen.values.file import PATH
from sealgen.yaml.nodes import Mapping, Node
from sealgen.yaml.schema import Field, Fields, JSONSchema, Record


@dataclass(frozen=True)
class Credential:
    """Where a credential is: in one of the two."""

    env: str | None = None
    """A variable of the environment that sealgen runs in."""
    file: str | None = None
    """A path from the project's root, or absolute; line ends at its end are no part of the credential."""

    def __str__(self) -> str:
        return f"${self.env}" if self.env else f"{self.file}"


def _one(fields: Fields) -> Credential:
    if (fields["env"] is None) == (fields["file"] is None):
        raise ConfigurationError(f"{fields.path} must be {{env: NAME}} or {{file: PATH}}", at=fields.at(""))
    return Credential(fields["env"], fields["file"])


_RECORD = Record(
    {
        "env": Field(VARIABLE, "The name of an environment variable that holds it."),
        "file": Field(PATH, "The path of a file that holds it, from the project's root, or absolute."),
    },
    _one,
)


class CredentialShape:
    """A variable's name or a file's path; messages repeat nothing else, as it may be the credential itself."""

    def read(self, node: Node, path: str) -> Credential:
        """Return where it is."""
        if not isinstance(node, Mapping):
            raise ConfigurationError(
                f"{path} must be {{env: NAME}} or {{file: PATH}}: no credential is written into this file", at=node.at
            )
        return _RECORD.read(node, path)

    def json_schema(self) -> JSONSchema:
        """Return that of the two fields."""
        return _RECORD.json_schema()
