"""The source ``azure-keyvault``: a secret of an Azure Key Vault, or a property of the JSON that it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from sealgen.values.stored import shape
from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from sealgen.values.source import Source


@dataclass(frozen=True)
class KeyVaultStore:
    """A Key Vault; Azure's own variables and commands say who asks."""

    kind: ClassVar[str] = "azure-keyvault"

    vault: str = ""
    """Its URL, with no slash at its end; empty only for a value that is not in a store yet."""


STORE: Record[KeyVaultStore] = Record(
    {
        "kind": Field(Text(choices=("azure-keyvault",)), "A Key Vault of Azure."),
        "vault": Field(
            Text(
                pattern=r"https://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]{1,5})?/?",
                words="a vault's URL, as https://NAME.vault.azure.net",
            ),
            "The vault's URL.",
            required=True,
            example="https://NAME.vault.azure.net",
        ),
    },
    lambda fields: KeyVaultStore(fields["vault"].rstrip("/")),
)
SHAPE: Record[Source] = shape(
    KeyVaultStore(),
    Field(
        Text(pattern=r"[0-9A-Za-z-]{1,127}", words="a secret's name: letters, digits and '-', at most 127"),
        "A secret of an Azure Key Vault: its name.",
        required=True,
    ),
    property_of="A key of the JSON that the secret holds; a list leads deeper. Default: all of it, which is text.",
    version=Field(
        Text(pattern=r"[0-9a-fA-F]{32}", words="a version's ID, which has 32 hexadecimal digits"),
        "A version's ID; default: the current one.",
    ),
)
