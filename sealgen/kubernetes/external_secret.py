"""ExternalSecret and SecretStore: what the External Secrets Operator makes a Secret of, and where it reads. Pure.

Source: External Secrets Operator 1.3.2, ``apis/externalsecrets/v1``. Fields that have their default are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.yaml import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.yaml.layout import Tree

API_GROUP = "external-secrets.io"
KIND = "ExternalSecret"
API_VERSIONS = ("v1", "v1beta1")
"""v1beta1 is for operators before 0.17."""

_MARK = b"# Written by sealgen from "


@dataclass(frozen=True)
class SecretStore:
    """The operator's store."""

    name: str
    kind: str
    """SecretStore or ClusterSecretStore."""
    provider: Tree | None
    """In the operator's words; None where the store is there already."""


@dataclass(frozen=True, slots=True)
class RemoteReference:
    """Where a value is in the store."""

    key: str
    property: str = ""
    version: str = ""
    decoding: str = "None"
    """``Base64``: the store has text, and the value is the bytes that it stands for."""


@dataclass(frozen=True)
class ExternalSecret:
    """An ExternalSecret.

    ``data`` are where values are, by the name that the templates of ``template`` know them by; ``template`` are Go
    templates by the Secret's key. ``labels`` and ``annotations`` are Go templates too.
    """

    name: str
    namespace: str
    store: SecretStore
    data: Mapping[str, RemoteReference]
    template: Mapping[str, str]
    type: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    immutable: bool | None
    refresh_interval: str
    creation_policy: str
    deletion_policy: str


def to_yaml(external: ExternalSecret, api_version: str, file: str) -> str:
    """Return the manifest; ``file`` is the environment file that it says it comes from."""
    return _marked(_tree(external, api_version), file)


def store_to_yaml(store: SecretStore, namespace: str, api_version: str, file: str) -> str:
    """Return the manifest of a store whose provider is known; a ClusterSecretStore is in no namespace."""
    assert store.provider is not None  # noqa: S101
    metadata = {"name": store.name} | ({"namespace": namespace} if store.kind == "SecretStore" else {})
    tree: Tree = {
        "apiVersion": f"{API_GROUP}/{api_version}",
        "kind": store.kind,
        "metadata": metadata,
        "spec": {"provider": store.provider},
    }
    return _marked(tree, file)


def is_ours(content: bytes) -> bool:
    """Tell whether sealgen wrote a manifest: its first line says so."""
    return content.startswith(_MARK)


def _marked(tree: Tree, file: str) -> str:
    return f"{_MARK.decode()}{file}; sealgen seal undoes what is changed here.\n{layout.dump(tree)}"


def _tree(external: ExternalSecret, api_version: str) -> Tree:
    metadata: dict[str, Tree] = {}
    if external.labels:
        metadata["labels"] = external.labels
    if external.annotations:
        metadata["annotations"] = external.annotations
    template: dict[str, str | Tree] = {"engineVersion": "v2", "data": external.template}
    if metadata:
        template["metadata"] = metadata
    if external.type:
        template["type"] = external.type
    target: dict[str, str | bool | Tree] = {
        "name": external.name,
        "creationPolicy": external.creation_policy,
        "deletionPolicy": external.deletion_policy,
        "template": template,
    }
    if external.immutable is not None:
        target["immutable"] = external.immutable
    return {
        "apiVersion": f"{API_GROUP}/{api_version}",
        "kind": KIND,
        "metadata": {"name": external.name, "namespace": external.namespace},
        "spec": {
            "refreshInterval": external.refresh_interval,
            "secretStoreRef": {"kind": external.store.kind, "name": external.store.name},
            "target": target,
            "data": tuple(
                {"secretKey": name, "remoteRef": _reference(reference)}
                for name, reference in sorted(external.data.items())
            ),
        },
    }


def _reference(reference: RemoteReference) -> Tree:
    fields = {"key": reference.key}
    if reference.property:
        fields["property"] = reference.property
    if reference.version:
        fields["version"] = reference.version
    if reference.decoding != "None":
        fields["decodingStrategy"] = reference.decoding
    return fields
