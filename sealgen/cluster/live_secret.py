"""A Secret as it is in a cluster, with the proof of which ciphertexts the controller made it from.

Sources: Kubernetes 1.35 (``meta/v1``: OwnerReference, ManagedFieldsEntry, FieldsV1), Sealed Secrets 0.36.6
(``v1alpha1``: SealedSecretStatus and the template's data; ``pkg/controller``: what it writes, and as whose).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sealgen.cluster.connection import ApiError
from sealgen.errors import CannotTell
from sealgen.kubernetes.sealed_secret import API_VERSION, KIND
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.cluster.connection import Cluster


@dataclass(frozen=True)
class LiveSecret:
    """A Secret that the controller made from the SealedSecret of its name, as that is now."""

    ciphertexts: Mapping[str, str]
    """What its keys were opened from, in base64."""
    data: Mapping[str, Secret]
    """The bytes of the keys that nobody else has written since."""


def read(cluster: Cluster, namespace: str, name: str) -> LiveSecret:
    """Return the Secret ``namespace/name``.

    Raises CannotTell where it is not there, may not be read or is not proven to be the controller's, ApiError where
    the API server fails.
    """
    place = f"{namespace}/{name}"
    in_namespace = f"namespaces/{quote(namespace)}"
    sealed = _get(cluster, f"/apis/{API_VERSION}/{in_namespace}/sealedsecrets/{quote(name)}", f"SealedSecret {place}")
    if not _is_synced(sealed):
        raise CannotTell(f"the SealedSecret {place} is not synced")
    secret = _get(cluster, f"/api/v1/{in_namespace}/secrets/{quote(name)}", f"Secret {place}")
    uid = _at(sealed, "metadata", "uid")
    if not _is_owned(secret, name, uid):
        raise CannotTell(f"the Secret {place} was not made from the SealedSecret of its name")
    made_by = _writers(secret, "f:metadata", "f:ownerReferences", f'k:{{"uid":"{uid}"}}')
    rendered = _entries(sealed, "spec", "template", "data")
    return LiveSecret(
        {
            key: text
            for key, text in _entries(sealed, "spec", "encryptedData").items()
            if key not in rendered and isinstance(text, str)
        },
        {
            key: Secret(plaintext)
            for key, text in _entries(secret, "data").items()
            if made_by and _writers(secret, "f:data", f"f:{key}") == made_by
            if (plaintext := _decoded(text)) is not None
        },
    )


def _get(cluster: Cluster, path: str, what: str) -> dict[str, Any]:
    try:
        return cluster.get(path)
    except ApiError as error:
        if error.status == 404:
            raise CannotTell(f"there is no {what} in {cluster.server}") from None
        if error.status == 403:
            raise CannotTell(error.message) from None
        if error.status == 401:
            raise
        # What a server says when it fails to give a Secret is not repeated: it may hold some of it.
        message = f"{cluster.server} answers with status {error.status} when it is asked for the {what}"
        raise ApiError(message, error.status, hint=error.hint) from None


def _is_synced(sealed: dict[str, Any]) -> bool:
    """Tell whether the controller has made the Secret from the SealedSecret as it is now."""
    generation = _at(sealed, "metadata", "generation")
    conditions = _items(sealed, "status", "conditions")
    return (
        generation is not None
        and generation == _at(sealed, "status", "observedGeneration")
        and [_at(item, "status") for item in conditions if _at(item, "type") == "Synced"] == ["True"]
    )


def _is_owned(secret: dict[str, Any], name: str, uid: str | None) -> bool:
    owner = {"apiVersion": API_VERSION, "kind": KIND, "name": name, "uid": uid, "controller": True}
    references = _items(secret, "metadata", "ownerReferences")
    return uid is not None and any(owner == {field: _at(item, field) for field in owner} for item in references)


def _writers(secret: dict[str, Any], *field: str) -> set[str]:
    """Return who wrote a field last, by the names under which clients are known to the API server."""
    managed = _items(secret, "metadata", "managedFields")
    return {str(_at(entry, "manager")) for entry in managed if _at(entry, "fieldsV1", *field) is not None}


def _decoded(text: Any) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None


def _at(node: Any, *path: str) -> Any:
    """Return what is at a path of JSON data, None where there is nothing."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def _entries(node: Any, *path: str) -> dict[str, Any]:
    found = _at(node, *path)
    return found if isinstance(found, dict) else {}


def _items(node: Any, *path: str) -> list[Any]:
    found = _at(node, *path)
    return found if isinstance(found, list) else []
