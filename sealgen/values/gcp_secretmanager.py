"""The source ``gcp-secretmanager``: a secret of Google Cloud's Secret Manager, or a property of the JSON it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import quoted
from sealgen.values.stored import shape
from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from sealgen.values.source import Source

_PROJECT = r"(?:[a-z0-9.-]{1,63}:)?[a-z0-9-]{1,30}"
_LOCATION = r"[a-z][a-z0-9-]{1,40}"
_NAME = r"[A-Za-z0-9_-]{1,255}"
RESOURCE = rf"(?:projects/({_PROJECT})/(?:locations/({_LOCATION})/)?secrets/)?({_NAME})"
"""A secret's name: the project's and location's, where they are said, and its own."""


@dataclass(frozen=True)
class SecretManagerStore:
    """The secrets of a project."""

    kind: ClassVar[str] = "gcp-secretmanager"

    project: str | None = None
    """An ID or a number; None: $GOOGLE_CLOUD_PROJECT, or the credentials' own."""
    location: str | None = None
    """Where regional secrets are; None for global ones."""


def _problem(text: str) -> str | None:
    if re.fullmatch(RESOURCE, text):
        return None
    if re.fullmatch(rf"{RESOURCE}/versions/.*", text):
        return f"{quoted(text)} must end with the secret's name; its version goes into version:"
    return (
        f"{quoted(text)} must be a secret's name (letters, digits, '_' and '-', at most 255) or "
        "projects/PROJECT/secrets/NAME"
    )


STORE: Record[SecretManagerStore] = Record(
    {
        "kind": Field(Text(choices=("gcp-secretmanager",)), "Google Cloud's Secret Manager."),
        "project": Field(
            Text(pattern=_PROJECT, words="a project's ID or number"),
            "The project's ID or number; default: $GOOGLE_CLOUD_PROJECT, or that of the credentials.",
        ),
        "location": Field(
            Text(pattern=_LOCATION, words="a location's name, such as europe-west3"),
            "Where its regional secrets are; default: global ones.",
        ),
    },
    lambda fields: SecretManagerStore(fields["project"], fields["location"]),
)
SHAPE: Record[Source] = shape(
    SecretManagerStore(),
    Field(
        Text(problem=_problem, pattern=RESOURCE),
        "A secret of Google Cloud's Secret Manager: its name, or projects/PROJECT/secrets/NAME.",
        required=True,
    ),
    property_of="A key of the JSON that the secret holds; a list leads deeper. Default: all of it, text or binary.",
    version=Field(
        Text(pattern=r"[A-Za-z0-9_-]{1,63}", words="a version's number or an alias"),
        "A version's number or an alias; default: latest.",
    ),
)
