"""The plain backend: recipes are resolved into Secrets, for local development."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.content.secret_types import OPAQUE
from sealgen.kubernetes import secret as plain_secret
from sealgen.kubernetes.secret import PlainSecret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.values.secret import Secret


def to_yaml(secret: SecretManifest, data: Mapping[str, Secret]) -> str:
    """Return the Secret in clear, every value in base64 so that YAML has no say in it."""
    return plain_secret.to_yaml(
        PlainSecret(
            name=secret.name,
            namespace=secret.namespace,
            type=secret.type or OPAQUE,
            immutable=secret.immutable,
            labels=secret.labels,
            annotations=secret.annotations,
            data=data,
            at=secret.at,
        )
    )
