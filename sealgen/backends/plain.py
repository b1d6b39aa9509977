"""The plain backend: recipes are resolved into Secrets, for local development."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from sealgen.yaml import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.kubernetes.manifest import SecretManifest
    from sealgen.values.secret import Secret


def to_yaml(secret: SecretManifest, data: Mapping[str, Secret]) -> str:
    """Return the Secret in clear, every value in base64 so that YAML has no say in it."""
    metadata: dict[str, layout.Tree | str] = {"name": secret.name, "namespace": secret.namespace}
    if secret.labels:
        metadata["labels"] = secret.labels
    if secret.annotations:
        metadata["annotations"] = secret.annotations
    tree: dict[str, layout.Tree | str | bool] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "data": {key: base64.b64encode(value.reveal()).decode() for key, value in data.items()},
        "type": secret.type or "Opaque",
    }
    if secret.immutable is not None:
        tree["immutable"] = secret.immutable
    return layout.dump(tree)
