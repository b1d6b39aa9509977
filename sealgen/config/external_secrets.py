"""The backend ``external-secrets`` of an environment file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.config.secret_store import SECRET_STORE
from sealgen.errors import ConfigurationError
from sealgen.kubernetes.external_secret import API_VERSIONS
from sealgen.yaml.schema import Field, Record, Text

if TYPE_CHECKING:
    from sealgen.errors import Mark
    from sealgen.kubernetes.external_secret import SecretStore
    from sealgen.yaml.schema import Fields


@dataclass(frozen=True)
class ExternalSecretsBackend:
    """Manifests are ExternalSecrets, of which the operator makes Secrets with the values that a store holds."""

    store: SecretStore
    api_version: str
    refresh_interval: str
    creation_policy: str
    deletion_policy: str
    store_at: Mark


def _backend(fields: Fields) -> ExternalSecretsBackend:
    creation, deletion = fields["creation_policy"], fields["deletion_policy"]
    if deletion == "Delete" and creation in ("Merge", "None"):
        raise ConfigurationError(
            f"{fields.path}.deletion_policy: the operator refuses Delete with creation_policy {creation}, as the "
            "Secret is not its own",
            at=fields.at("deletion_policy"),
        )
    return ExternalSecretsBackend(
        fields["secret_store"],
        fields["api_version"],
        fields["refresh_interval"],
        creation,
        deletion,
        fields.at("secret_store"),
    )


_INTERVAL = r"0|(?:[0-9]+(?:\.[0-9]+)?(?:h|m|s|ms))+"

BACKEND: Record[ExternalSecretsBackend] = Record(
    {
        "kind": Field(Text(choices=("external-secrets",)), "How secrets reach the cluster."),
        "secret_store": Field(
            SECRET_STORE,
            "Where the operator reads the values.",
            required=True,
            example="{name: aura, vault: {server: …, path: secret, auth: {kubernetes: {…}}}}",
        ),
        "api_version": Field(
            Text(choices=API_VERSIONS), "Of the operator's objects; v1beta1 for one before 0.17.", default="v1"
        ),
        "refresh_interval": Field(
            Text(pattern=_INTERVAL, words="a duration such as 1h or 15m, or 0 for once"),
            "How often the operator reads the store; default: 1h.",
            default="1h",
        ),
        "creation_policy": Field(
            Text(choices=("Owner", "Orphan", "Merge", "None")),
            "Whose the Secret is; default: Owner, so that it goes with the ExternalSecret.",
            default="Owner",
        ),
        "deletion_policy": Field(
            Text(choices=("Retain", "Delete")),
            "What becomes of the Secret where its values are gone from the store; default: Retain.",
            default="Retain",
        ),
    },
    _backend,
)
