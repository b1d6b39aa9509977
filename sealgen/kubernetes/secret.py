"""A plain Secret with its bytes: read strictly from manifests, by the API server's rules, and written in clear.

Source: ``Secret`` of Kubernetes 1.35 (core/v1) and its field validation; kubectl for what it prints.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.content import secret_types
from sealgen.errors import ConfigurationError, unknown_field
from sealgen.kubernetes import objects, rules
from sealgen.kubernetes.metadata import LAST_APPLIED, SERVER_SIDE
from sealgen.kubernetes.sealed_secret import SCOPES, SealedSecret
from sealgen.values.secret import Secret
from sealgen.yaml import layout
from sealgen.yaml.nodes import Scalar, is_null

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sealgen.errors import Mark
    from sealgen.kubernetes.objects import Field
    from sealgen.kubernetes.sealed_object import Place
    from sealgen.yaml.layout import Tree
    from sealgen.yaml.nodes import Node

API_VERSION = "v1"
KIND = "Secret"

_FIELDS = ("apiVersion", "kind", "metadata", "type", "immutable", "data", "stringData")
_METADATA = ("name", "namespace", "labels", "annotations")
_IGNORED = SERVER_SIDE | {"finalizers", "generateName"}


@dataclass(frozen=True)
class PlainSecret:
    """A Secret as a manifest gives it; its keys in the manifest's order, those of ``data`` first."""

    name: str
    namespace: str | None
    """None where the manifest names none."""
    type: str | None
    immutable: bool | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    """All of the user's; those that tell a scope are among them."""
    data: Mapping[str, Secret]
    at: Mark


def read_all(content: bytes, file: str, name: str | None = None) -> list[PlainSecret]:
    """Read the Secrets of a file: YAML or JSON, several documents, Lists.

    ``file`` is the name that errors carry, ``name`` that of a Secret which tells none. What an API server added is
    left out. A key in both ``data`` and ``stringData`` has the value of the latter, and a scalar under ``stringData``
    is the text as it is written, whatever YAML thinks of it. Raises ConfigurationError for what the API server would
    refuse, or would take for something other than what is written.
    """
    return [_read(root, name) for root in objects.read_all(content, file)]


def to_yaml(secret: PlainSecret) -> str:
    """Return the Secret in clear, as one YAML document; every value in base64, so that YAML has no say in it."""
    return layout.dump(tree(secret))


def tree(secret: PlainSecret) -> dict[str, str | bool | Tree | None]:
    """Return the fields of the manifest in clear, those alone that say something."""
    metadata: dict[str, str | Tree | None] = {
        "name": secret.name,
        "namespace": secret.namespace,
        "labels": secret.labels,
        "annotations": secret.annotations,
    }
    fields: dict[str, str | bool | Tree | None] = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {name: told for name, told in metadata.items() if told},
        "data": {key: base64.b64encode(value.reveal()).decode() for key, value in secret.data.items()},
        "type": secret.type,
        "immutable": secret.immutable,
    }
    return {name: told for name, told in fields.items() if told or told is False}


def sealed(secret: PlainSecret, place: Place, ciphertexts: Mapping[str, str]) -> SealedSecret:
    """Return the SealedSecret of a Secret, with the ciphertexts of its keys in base64, which are for ``place``."""
    return SealedSecret(
        name=place.name,
        namespace=place.namespace,
        scope=place.scope,
        encrypted_data=ciphertexts,
        type=secret.type,
        labels=secret.labels,
        annotations={key: text for key, text in secret.annotations.items() if key not in SCOPES},
        immutable=secret.immutable,
    )


# --- reading ----------------------------------------------------------------------------------------------------


def _read(root: Field, name_if_none: str | None) -> PlainSecret:
    root["apiVersion"].must_be(API_VERSION)
    root["kind"].must_be(KIND)
    _known(root, _FIELDS)
    metadata = root["metadata"]
    _known(metadata, _METADATA, _IGNORED)
    named = metadata["name"]
    name = name_if_none if named.node is None and name_if_none else _checked(named, named.text(), rules.name_problem)
    namespace = metadata["namespace"].text_if_given() or None
    if namespace is not None:
        _checked(metadata["namespace"], namespace, rules.namespace_problem)
    labels = _texts(metadata["labels"], rules.label_key_problem, rules.label_value_problem)
    annotations = _texts(metadata["annotations"], rules.annotation_key_problem)
    annotations = {key: text for key, text in annotations.items() if key not in LAST_APPLIED}
    if problem := rules.annotations_size_problem(annotations):
        raise ConfigurationError(problem, at=metadata["annotations"].at)
    data = values(root)
    type_ = root["type"].text_if_given() or None
    for problem in (
        secret_types.keys_problem(type_, data),
        secret_types.content_problem(type_, data),
        rules.secret_size_problem(sum(map(len, data.values()))),
    ):
        if problem:
            raise ConfigurationError(f"{name}: {problem}", at=root.at)
    return PlainSecret(name, namespace, type_, root["immutable"].boolean_if_given(), labels, annotations, data, root.at)


def _known(field: Field, known: tuple[str, ...], ignored: Iterable[str] = ()) -> None:
    for name, (key, _) in field.entries().items():
        if name not in known and name not in ignored:
            prefix = f"{field.path}." if field.path else ""
            raise ConfigurationError(unknown_field(prefix, name, known), at=key.at)


def _checked(field: Field, text: str, problem_of: Callable[[str], str | None]) -> str:
    if problem := problem_of(text):
        raise ConfigurationError(f"{field.path}: {problem}", at=field.at)
    return text


def _texts(
    field: Field, key_problem: Callable[[str], str | None], value_problem: Callable[[str], str | None] = lambda _: None
) -> dict[str, str]:
    texts = field.texts()
    for name, (key, value) in field.entries().items():
        if problem := key_problem(name):
            raise ConfigurationError(f"{field.path}: {problem}", at=key.at)
        if problem := value_problem(texts[name]):
            raise ConfigurationError(f"{field.path}.{name}: {problem}", at=value.at)
    return texts


def values(root: Field) -> dict[str, Secret]:
    """Return the bytes of a Secret's keys: ``stringData`` is written over ``data``, as by the API server."""
    return {**_values(root["data"], _decoded), **_values(root["stringData"], _as_written)}


def _values(field: Field, value_of: Callable[[Scalar, str], bytes]) -> dict[str, Secret]:
    found = {}
    for name, (key, node) in field.entries().items():
        objects.text_of(key, f"a key of {field.path}")
        if problem := rules.key_problem(name):
            raise ConfigurationError(f"{field.path}: {problem}", at=key.at)
        path = f"{field.path}.{name}"
        found[name] = Secret(value_of(_scalar(node, path), path))
    return found


def _scalar(node: Node, path: str) -> Scalar:
    if not isinstance(node, Scalar):
        raise ConfigurationError(f"{path} must be text; write a structure as a block (|)", at=node.at)
    return node


def _decoded(node: Scalar, path: str) -> bytes:
    if is_null(node):
        return b""  # as kubeseal prints an empty value
    try:
        # Go, and so Kubernetes, takes line breaks in it for nothing.
        return base64.b64decode(node.text.encode().translate(None, b"\r\n"), validate=True)
    except binascii.Error:
        raise ConfigurationError(f"{path} is not base64; write plain text under stringData", at=node.at) from None


def _as_written(node: Scalar, path: str) -> bytes:
    if is_null(node):
        raise ConfigurationError(f"{path} is null; write '' for an empty value", at=node.at)
    return node.text.encode()
