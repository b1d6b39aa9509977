"""ExternalSecret and SecretStore: what the External Secrets Operator makes a Secret of, and where it reads. Pure.

Source: External Secrets Operator 1.3.2, ``apis/externalsecrets/v1``. Fields that have their default are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError
from sealgen.kubernetes.objects import Field
from sealgen.kubernetes.own_files import marked
from sealgen.yaml import layout, nodes
from sealgen.yaml.nodes import Sequence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.yaml.layout import Tree

API_GROUP = "external-secrets.io"
KIND = "ExternalSecret"
STORE_KINDS = ("SecretStore", "ClusterSecretStore")
FIELD, STORE_FIELD, GENERATORS_FIELD = FIELDS = ("secrets", "backend", "values")
"""The environment's fields that the manifests come from, of an ExternalSecret, of a store, and of generators."""
STORE_FILENAME = "secret-store.yaml"
GENERATORS_FILENAME = "generators.yaml"
API_VERSIONS = ("v1", "v1beta1")
"""v1beta1 is for operators before 0.17."""

READABLE = ("vault", "aws-secretsmanager", "aws-ssm", "gcp-secretmanager", "azure-keyvault")
"""The kinds of stores that the operator can read."""


@dataclass(frozen=True)
class SecretStore:
    """The operator's store."""

    name: str
    kind: str
    """SecretStore or ClusterSecretStore."""
    provider: Tree | None
    """In the operator's words; None where the store is there already."""
    reads: str | None = None
    """The kind of what it reads, one of READABLE; None where the store is there already."""


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
    return marked(FIELD, file, layout.dump(_tree(external, api_version)))


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
    return marked(STORE_FIELD, file, layout.dump(tree))


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
                {"secretKey": name, "remoteRef": _reference(reference)} for name, reference in external.data.items()
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


def read(content: bytes, file: str) -> ExternalSecret:
    """Read a manifest.

    ``file`` is the name that errors carry. Fields that ExternalSecret does not have here are not looked at: whoever
    needs to know whether there are any compares ``content`` with what ``to_yaml`` gives. Raises ConfigurationError.
    """
    root = nodes.parse(content, file)
    field = Field("", root, root.at).mapping("an ExternalSecret")
    field["kind"].must_be(KIND)
    metadata, spec = field["metadata"], field["spec"]
    target, store = spec["target"], spec["secretStoreRef"]
    template = target["template"]
    return ExternalSecret(
        name=target["name"].text_if_given() or metadata["name"].text(),
        namespace=metadata["namespace"].text(),
        store=SecretStore(store["name"].text(), store["kind"].text_if_given() or "SecretStore", None),
        data=dict(map(_entry, _items(spec["data"]))),
        template=template["data"].texts(),
        type=template["type"].text_if_given(),
        labels=template["metadata"]["labels"].texts(),
        annotations=template["metadata"]["annotations"].texts(),
        immutable=target["immutable"].boolean_if_given(),
        refresh_interval=spec["refreshInterval"].text_if_given() or "",
        creation_policy=target["creationPolicy"].text_if_given() or "",
        deletion_policy=target["deletionPolicy"].text_if_given() or "",
    )


def _items(field: Field) -> list[Field]:
    if not isinstance(field.node, Sequence | None):
        raise ConfigurationError(f"{field.path} must be a list", at=field.at)
    items = field.node.items if field.node else ()
    return [Field(f"{field.path}[{place}]", item, item.at) for place, item in enumerate(items)]


def _entry(item: Field) -> tuple[str, RemoteReference]:
    remote = item["remoteRef"]
    reference = RemoteReference(
        remote["key"].text(),
        remote["property"].text_if_given() or "",
        remote["version"].text_if_given() or "",
        remote["decodingStrategy"].text_if_given() or "None",
    )
    return item["secretKey"].text(), reference
