"""The source ``keyring``: a password that the system's keyring keeps for this user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.values.stored import shape
from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from sealgen.values.source import Source


@dataclass(frozen=True)
class KeyringStore:
    """The keyring that the keyring library finds, by its own configuration: macOS, Windows, Secret Service, KWallet."""

    kind: ClassVar[str] = "keyring"


def _problem(text: str) -> str | None:
    service, slash, user = text.rpartition("/")
    if service.strip() and slash and user.strip() and text.isprintable():
        return None
    return "it must be SERVICE/USERNAME, as in aura/postgres; the last '/' parts them"


SHAPE: Record[Source] = shape(
    KeyringStore(),
    Field(
        Text(problem=_problem, pattern=r".*\S.*/[^/]*[^/\s][^/]*"),
        "A password of the system's keyring, as SERVICE/USERNAME.",
        required=True,
    ),
    property_of="A key of the JSON that the password is; a list leads deeper. Default: all of it.",
    named=None,
)
