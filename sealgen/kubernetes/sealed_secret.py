"""The SealedSecret object: what it says, and the manifest as kubeseal writes it.

Source: bitnami-labs/sealed-secrets 0.36.6, ``pkg/apis/sealedsecrets/v1alpha1``, and the output of its kubeseal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError
from sealgen.kubernetes import objects
from sealgen.kubernetes.objects import Field
from sealgen.yaml import layout, nodes

if TYPE_CHECKING:
    from collections.abc import Mapping as Map

    from sealgen.yaml.layout import Tree

API_VERSION = "bitnami.com/v1alpha1"
KIND = "SealedSecret"


class Scope(StrEnum):
    """Where a sealed value can be opened, from the narrowest to the widest."""

    STRICT = "strict"
    NAMESPACE_WIDE = "namespace-wide"
    CLUSTER_WIDE = "cluster-wide"

    @property
    def annotation(self) -> str | None:
        """The annotation that tells this scope, if its value is exactly ``"true"``; the strict one has none."""
        return None if self is Scope.STRICT else f"sealedsecrets.bitnami.com/{self}"

    def label(self, namespace: str, name: str) -> bytes:
        """Return the label with which a value of the secret ``namespace/name`` is encrypted."""
        if self is Scope.STRICT:
            return f"{namespace}/{name}".encode()
        return namespace.encode() if self is Scope.NAMESPACE_WIDE else b""


SCOPES = {scope.annotation: scope for scope in Scope if scope.annotation}
"""The scopes that an annotation tells, by its name, from the narrower to the wider."""


@dataclass(frozen=True)
class SealedSecret:
    """A SealedSecret.

    ``encrypted_data`` holds ciphertexts by key, in base64. ``type``, ``labels``, ``annotations`` and ``immutable``
    are the template's, and so those of the Secret that comes of it; no annotation among them tells a scope.
    """

    name: str
    namespace: str
    """May be empty where the scope is cluster-wide."""
    scope: Scope
    encrypted_data: Map[str, str]
    type: str | None
    labels: Map[str, str]
    annotations: Map[str, str]
    immutable: bool | None

    def __post_init__(self) -> None:
        if not SCOPES.keys().isdisjoint(self.annotations):
            raise ValueError("annotations tell a scope")


def to_yaml(sealed: SealedSecret) -> str:
    """Return the manifest as ``kubeseal -o yaml`` writes it for the same Secret."""
    return layout.dump(tree(sealed))


def tree(sealed: SealedSecret) -> Tree:
    """Return the manifest's fields."""
    nowhere = sealed.scope is Scope.CLUSTER_WIDE and not sealed.namespace
    place = {"name": sealed.name} if nowhere else {"name": sealed.name, "namespace": sealed.namespace}
    scope = {sealed.scope.annotation: "true"} if sealed.scope.annotation else {}
    template = {
        "metadata": {**place, **_given(annotations={**sealed.annotations, **scope}, labels=sealed.labels)},
        **_given(type=sealed.type, immutable=sealed.immutable),
    }
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {**place, **_given(annotations=scope)},
        "spec": {"encryptedData": sealed.encrypted_data, "template": template},
    }


_CIPHERTEXT = re.compile(r"^    ([-._a-zA-Z0-9]+): ([A-Za-z0-9+/=]+)$", re.MULTILINE)


def ciphertexts(text: bytes) -> dict[str, str]:
    """Return the ciphertexts of a manifest, by key, if it is one that ``to_yaml`` wrote; of any other, anything."""
    section = text.partition(b"\n  encryptedData:\n")[2].partition(b"\n  template:\n")[0]
    return dict(_CIPHERTEXT.findall(section.decode("ascii", "replace")))


def _given(**fields: str | bool | Tree | None) -> dict[str, str | bool | Tree | None]:
    return {name: value for name, value in fields.items() if value or value is False}


def read(text: bytes, file: str) -> SealedSecret:
    """Read a manifest.

    ``file`` is the name that errors carry. Fields that SealedSecret does not have are not looked at: whoever needs
    to know whether there are any compares ``text`` with what ``to_yaml`` gives. Raises ConfigurationError for what
    is no SealedSecret, or one that would be opened otherwise than its template says.
    """
    root = nodes.parse(text, file)
    return _read(Field("", root, root.at))


def read_all(content: bytes, file: str) -> list[SealedSecret]:
    """Read all manifests of a file: YAML or JSON, several documents, Lists; otherwise as ``read``."""
    return [_read(found) for found in objects.read_all(content, file)]


def _read(root: Field) -> SealedSecret:
    root.mapping("a SealedSecret")
    root["apiVersion"].must_be(API_VERSION)
    root["kind"].must_be(KIND)
    metadata, spec = root["metadata"], root["spec"]
    name, place = metadata["name"].text(), metadata["namespace"]
    nowhere = place.node is None and scope_of(metadata["annotations"].texts()) is Scope.CLUSTER_WIDE
    namespace = "" if nowhere else place.text()
    encrypted_data = spec["encryptedData"]
    if encrypted_data.node is None:
        encrypted_data.missing()
    template = spec["template"]
    of_template = template["metadata"]
    for field, expected in ((of_template["name"], name), (of_template["namespace"], namespace)):
        if field.node is not None:
            field.must_be(expected)
    annotations = of_template["annotations"].texts()
    return SealedSecret(
        name=name,
        namespace=namespace,
        scope=_agreed_scope(metadata["annotations"], of_template["annotations"]),
        encrypted_data=encrypted_data.texts(),
        type=template["type"].text_if_given() or None,
        labels=of_template["labels"].texts(),
        annotations={key: value for key, value in annotations.items() if key not in SCOPES},
        immutable=template["immutable"].boolean_if_given(),
    )


def _agreed_scope(of_object: Field, of_template: Field) -> Scope:
    # The object's own decides with which label values are opened; the template's is what people go by.
    opened, told = scope_of(of_object.texts()), scope_of(of_template.texts())
    if opened is not told:
        raise ConfigurationError(
            f"the scope is {opened} by {of_object.path}, but {told} by {of_template.path}",
            at=of_template.at if of_template.node else of_object.at,
            hint="Restore the file from Git, or seal it again.",
        )
    return opened


def scope_of(annotations: Map[str, str]) -> Scope:
    """Return the scope that an object's annotations tell, as the controller takes them: of two, the wider."""
    told = [scope for name, scope in SCOPES.items() if annotations.get(name) == "true"]
    return told[-1] if told else Scope.STRICT
