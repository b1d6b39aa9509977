"""The source ``age``: a value in a file of the repository that age encrypted, which ``sealgen values`` edits.

Source: the age file format, age-encryption.org/v1 (C2SP), for what recipients and identities look like.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import ConfigurationError, Mark, quoted
from sealgen.values.credential import Credential, CredentialShape
from sealgen.values.file import INSIDE, PATH, inside_problem
from sealgen.values.stored import shape
from sealgen.yaml.nodes import Node, Sequence
from sealgen.yaml.schema import Field, JSONSchema, ListOf, Record, Text, scalar

if TYPE_CHECKING:
    from sealgen.values.source import Source
    from sealgen.yaml.schema import Fields

IDENTITY_VARIABLE = "SEALGEN_AGE_IDENTITY"
"""The environment variable that holds identities, as in CI."""

BEGINNINGS = (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----")
"""How a file begins that age encrypted: in its own format, or in armor."""

NAME = r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,127}"
"""What the name of a value in such a file must match."""
NAME_WORDS = "letters, digits, '_', '-', '.' and '/', a letter, digit or '_' first"

_X25519 = re.compile(r"age1[02-9ac-hj-np-z]{58}")
_SSH = re.compile(r"(ssh-(?:ed25519|rsa) [A-Za-z0-9+/]+=*)(?: .*)?")
_IDENTITY = re.compile("age-secret-key-|age-plugin-|-----", re.IGNORECASE)
_PLUG_IN = re.compile(r"age1[a-z0-9+._-]+1[02-9ac-hj-np-z]+", re.IGNORECASE)


@dataclass(frozen=True)
class AgeStore:
    """A file of values, and who can open it."""

    kind: ClassVar[str] = "age"

    file: str = ""
    """From the project's root, and below it."""
    recipients: tuple[str, ...] | str = ()
    """As ``recipient`` returns them; or the path of a file that has them, a line each."""
    identity: Credential | None = None
    """What opens the file; None for what the variables say."""
    recipients_at: Mark = field(default=Mark("", 0, 0), compare=False)


def recipient_problem(text: str) -> str | None:
    """Say what is wrong with a recipient; a private key in its place is not repeated."""
    if _X25519.fullmatch(text) or _SSH.fullmatch(text):
        return None
    if _IDENTITY.match(text):
        return "that is an identity, which is secret and opens the file; its recipient is what 'age-keygen -y' prints"
    if _PLUG_IN.fullmatch(text):
        return f"{quoted(text)} needs a plug-in of age, and sealgen runs none; give an age1… or an SSH key"
    return f"{quoted(text)} is no recipient: age1… and 58 more, ssh-ed25519 …, or ssh-rsa …"


def recipient(text: str) -> str:
    """Return a recipient without an SSH key's comment."""
    ssh = _SSH.fullmatch(text)
    return ssh[1] if ssh else text


class _Recipients:
    """A list of public keys, or the path of a file that has them."""

    _list = ListOf(Text(problem=recipient_problem), minimum=1)

    def read(self, node: Node, path: str) -> tuple[str, ...] | str:
        """Return the keys, or the path."""
        if isinstance(node, Sequence):
            return tuple(map(recipient, self._list.read(node, path)))
        text = scalar(node, path, "a list of recipients, or a file's path").text
        if _IDENTITY.match(text):
            raise ConfigurationError(f"{path}: {recipient_problem(text)}", at=node.at)
        if recipient_problem(text) is None:
            raise ConfigurationError(f"{path} must be a list: [{text}]", at=node.at)
        return PATH.read(node, path)

    def json_schema(self) -> JSONSchema:
        """Both ways to write it."""
        return {"anyOf": [PATH.json_schema(), self._list.json_schema()]}


def _build(fields: Fields) -> AgeStore:
    return AgeStore(fields["file"], fields["recipients"], fields["identity"], fields.at("recipients"))


STORE: Record[AgeStore] = Record(
    {
        "kind": Field(Text(choices=("age",)), "A file of the repository that age encrypted."),
        "file": Field(
            Text(problem=inside_problem, pattern=INSIDE),
            "The file's path, from the project's root.",
            required=True,
            example="environments/staging.values.age",
        ),
        "recipients": Field(
            _Recipients(),
            "Who can open it: public keys, age1… or SSH's; or the path of a file with one a line.",
            required=True,
            example="[age1…]",
        ),
        "identity": Field(
            CredentialShape(),
            f"What opens it here; default: ${IDENTITY_VARIABLE}, ${IDENTITY_VARIABLE}_FILE, $SOPS_AGE_KEY, "
            "$SOPS_AGE_KEY_FILE.",
        ),
    },
    _build,
)
SHAPE: Record[Source] = shape(
    AgeStore(),
    Field(Text(pattern=NAME, words=NAME_WORDS), "A value's name in a file that age encrypted.", required=True),
    property_of="A key of the JSON that the value is; a list leads deeper. Default: all of it.",
)
