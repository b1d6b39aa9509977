"""Disaster recovery: Secrets from SealedSecrets of anyone's making, with the controller's private keys. Pure.

What the controller would make of an object is what counts here, so that the object's own scope, name and namespace
decide how its values are opened, whatever its template says of them.
Source: bitnami-labs/sealed-secrets 0.36.6, ``pkg/apis/sealedsecrets/v1alpha1`` (``Unseal``) and ``pkg/crypto``.
"""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sealgen.crypto import hybrid, private_key
from sealgen.errors import quoted
from sealgen.kubernetes import key_secrets, objects, sealed_object
from sealgen.kubernetes.metadata import LAST_APPLIED
from sealgen.kubernetes.sealed_secret import KIND, Scope
from sealgen.kubernetes.secret import PlainSecret
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sealgen.crypto.private_key import PrivateKey
    from sealgen.errors import Mark
    from sealgen.kubernetes.objects import Field
    from sealgen.kubernetes.sealed_object import Place, SealedObject

# At the beginning of a line; in a manifest it is further in.
_PEM = re.compile(rb"^-----BEGIN ", re.MULTILINE)


@dataclass(frozen=True)
class Sealed:
    """A SealedSecret as the controller takes it."""

    object: SealedObject
    at: Mapping[str, Mark]
    """Where each value stands, by key."""
    secret: PlainSecret
    """What becomes of it but for the data: the template's type, labels, annotations and immutable."""


@dataclass(frozen=True)
class Unopened:
    """A value that can't be opened, where it stands, and why."""

    key: str
    problem: str
    at: Mark


@dataclass(frozen=True)
class Recovered:
    """What became of a SealedSecret."""

    secret: PlainSecret
    """With the values that were opened."""
    opened: Mapping[str, PrivateKey]
    """What opened them, by key."""
    unopened: tuple[Unopened, ...]
    warnings: tuple[str, ...]
    """What else is to be known of it."""


def read_private_keys(content: bytes, file: str) -> list[PrivateKey]:
    """Read private keys: from PEM, or the controller's key Secrets as YAML, JSON or a List.

    ``file`` is a path for messages. Raises ConfigurationError where there are none that can be read.
    """
    manifests = not _PEM.search(content) and (b"kind:" in content or b'"kind"' in content)
    return key_secrets.read(content, file) if manifests else private_key.load(content, file)


def read_all(content: bytes, file: str) -> list[Sealed]:
    """Read the SealedSecrets of a file: YAML or JSON, several documents, Lists.

    ``file`` is the name that errors carry. Raises ConfigurationError for what is no SealedSecret.
    """
    return [_read(root) for root in objects.read_all(content, file)]


def read_among(content: bytes, file: str) -> list[Sealed]:
    """Read the SealedSecrets among the objects of a file, of which there may be none; otherwise as ``read_all``."""
    return [_read(root) for root in objects.read_all(content, file) if sealed_object.is_sealed_secret(root)]


def recover(sealed: Sealed, private_keys: Sequence[PrivateKey]) -> Recovered:
    """Open what can be opened, each value with the first key that does."""
    data: dict[str, Secret] = {}
    opened: dict[str, PrivateKey] = {}
    unopened = []
    for key, text in sealed.object.ciphertexts.items():
        try:
            ciphertext = base64.b64decode(text.encode().translate(None, b"\r\n"), validate=True)
            # What opened the last value most likely opens this one.
            likely = [*list(opened.values())[-1:], *private_keys]
            data[key], opened[key] = _opened(ciphertext, likely, sealed.object.place)
        except binascii.Error:
            unopened.append(Unopened(key, "it is not base64", sealed.at[key]))
        except hybrid.CiphertextError:
            unopened.append(Unopened(key, _why_not(ciphertext, private_keys, sealed.object), sealed.at[key]))
    secret = replace(sealed.secret, data=data)
    return Recovered(secret, opened, tuple(unopened), tuple(_warnings(sealed.object)))


# --- reading ----------------------------------------------------------------------------------------------------


def _read(root: Field) -> Sealed:
    root["kind"].must_be(KIND)
    sealed = sealed_object.read(root, namespace="")
    if not sealed.place.namespace and sealed.place.scope is not Scope.CLUSTER_WIDE:
        root["metadata"]["namespace"].missing()
    template = root["spec"]["template"]
    annotations = template["metadata"]["annotations"].texts()
    annotations = {key: text for key, text in annotations.items() if key not in LAST_APPLIED}
    return Sealed(
        object=sealed,
        at={key: node.at for key, (_, node) in root["spec"]["encryptedData"].entries().items()},
        secret=PlainSecret(
            name=sealed.place.name,
            namespace=sealed.place.namespace or None,
            type=template["type"].text_if_given() or None,
            immutable=template["immutable"].boolean_if_given(),
            labels=template["metadata"]["labels"].texts(),
            annotations=annotations,
            data={},
            at=root.at,
        ),
    )


def _warnings(sealed: SealedObject) -> Iterator[str]:
    if sealed.place.scope is not sealed.told.scope:
        yield f"it is opened with the scope {sealed.place.scope} of its metadata; its template says {sealed.told.scope}"
    if sealed.rendered:
        names = ", ".join(map(quoted, sealed.rendered))
        yield f"{names} of spec.template.data is left out: only the controller renders Go templates"


# --- opening ----------------------------------------------------------------------------------------------------


def _opened(ciphertext: bytes, private_keys: Iterable[PrivateKey], place: Place) -> tuple[Secret, PrivateKey]:
    """Return a value and the first key that opens it; raises CiphertextError where none does."""
    hybrid.shape(ciphertext)
    for candidate in private_keys:
        try:
            return Secret(hybrid.unseal(ciphertext, [candidate.key], place.label)), candidate
        except hybrid.CiphertextError:
            continue
    raise hybrid.CiphertextError("no private key opens the ciphertext")


def _why_not(ciphertext: bytes, private_keys: Sequence[PrivateKey], sealed: SealedObject) -> str:
    """Say why no key opens a ciphertext; where one opens it for another place, say for which."""
    try:
        hybrid.shape(ciphertext)
    except hybrid.CiphertextError as error:
        return f"it is {error.message}"
    tried = f"no private key opens it with {_label(sealed.place)}"
    for place, scope in itertools.product((sealed.place, sealed.told), Scope):
        other = replace(place, scope=scope)
        try:
            _opened(ciphertext, private_keys, other)
        except hybrid.CiphertextError:
            continue
        return f"{tried}, but one does with {_label(other)}"
    return f"{tried}: it was sealed with another certificate or for another place, or it was altered"


def _label(place: Place) -> str:
    label = place.label.decode()
    return f"the label {quoted(label)} (scope {place.scope})" if label else f"the empty label (scope {place.scope})"
