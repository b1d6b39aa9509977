"""The source ``sops``: a value in a file of the repository that SOPS encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.values.file import PATH
from sealgen.values.stored import shape
from sealgen.yaml.schema import Field, Record

if TYPE_CHECKING:
    from sealgen.values.source import Source


@dataclass(frozen=True)
class SopsStore:
    """The sops command, which finds its keys by its own variables and files."""

    kind: ClassVar[str] = "sops"


SHAPE: Record[Source] = shape(
    SopsStore(),
    Field(
        PATH, "An encrypted file's path from the project's root, or absolute; the sops command opens it.", required=True
    ),
    property_of="A key of a YAML, JSON, INI or .env file; a list leads deeper. Default: all of another file.",
    named=None,
)
