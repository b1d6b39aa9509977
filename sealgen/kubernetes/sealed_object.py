"""A SealedSecret as the controller opens it, whoever wrote it: what decides about that, and no more.

Source: Sealed Secrets 0.36.6, ``pkg/apis/sealedsecrets/v1alpha1`` (``Unseal``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from sealgen.kubernetes.sealed_secret import API_VERSION, KIND, Scope, scope_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.errors import Mark
    from sealgen.kubernetes.objects import Field


@dataclass(frozen=True)
class Place:
    """What a sealed value is bound to."""

    namespace: str
    name: str
    scope: Scope

    @property
    def label(self) -> bytes:
        """The label that it is encrypted with."""
        return self.scope.label(self.namespace, self.name)


@dataclass(frozen=True)
class SealedObject:
    """A SealedSecret."""

    place: Place
    """As its own metadata says, by which it is opened."""
    told: Place
    """As its template says, which is more of a comment."""
    ciphertexts: Mapping[str, str]
    """By key, in base64."""
    rendered: Mapping[str, str]
    """``spec.template.data``: Go templates that the controller renders with what it opened."""
    at: Mark


def is_sealed_secret(root: Field) -> bool:
    """Tell whether an object says that it is a SealedSecret."""
    return root["kind"].text_if_given() == KIND


def read(root: Field, namespace: str) -> SealedObject:
    """Read a SealedSecret, which is in ``namespace`` where it names none.

    Raises ConfigurationError for one that the controller would not take as it is written: a ciphertext that is not
    text, for one, it drops without a word.
    """
    root["apiVersion"].must_be(API_VERSION)
    metadata, spec = root["metadata"], root["spec"]
    template = spec["template"]
    place = Place(
        metadata["namespace"].text_if_given() or namespace,
        metadata["name"].text(),
        scope_of(metadata["annotations"].texts()),
    )
    told = template["metadata"]
    if not {"encryptedData", "template"} & spec.entries().keys():
        spec["encryptedData"].missing()
    return SealedObject(
        place=place,
        told=Place(
            told["namespace"].text_if_given() or place.namespace,
            told["name"].text_if_given() or place.name,
            scope_of(told["annotations"].texts()),
        ),
        ciphertexts=spec["encryptedData"].texts(),
        rendered=template["data"].texts(),
        at=root.at,
    )


def to_json(place: Place, ciphertexts: Mapping[str, str], rendered: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """Return a SealedSecret that holds what is to be asked about, and nothing else."""
    metadata = {
        "name": place.name,
        "namespace": place.namespace,
        "annotations": {place.scope.annotation: "true"} if place.scope.annotation else {},
    }
    template = {"metadata": metadata, "data": dict(rendered)}
    spec = {"encryptedData": dict(ciphertexts), "template": template}
    return json.dumps({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}).encode()
