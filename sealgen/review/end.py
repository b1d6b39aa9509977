"""An environment at one end of a diff: its settings, its lock, and those of its manifests that differ. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sealgen.kubernetes import objects
from sealgen.kubernetes.sealed_secret import KIND, SCOPES, scope_of
from sealgen.lock import Lock
from sealgen.review.external_end import ExternalEnd
from sealgen.review.kustomized import Kustomized
from sealgen.yaml.nodes import Mapping, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Map

    from sealgen.config.environment import Environment
    from sealgen.errors import SealgenError
    from sealgen.kubernetes.objects import Field
    from sealgen.kubernetes.sealed_secret import Scope
    from sealgen.review.external_end import ExternalObject
    from sealgen.review.ignores import Ignore

POWERS = (
    "metadata.annotations.sealedsecrets.bitnami.com/",
    "spec.template.metadata.annotations.sealedsecrets.bitnami.com/",
    "spec.template.data.",
)
"""Begins of what has power over more than the manifest seals: the controller's annotations, and what it renders."""


@dataclass(frozen=True)
class Manifest:
    """A SealedSecret as it stands in a file, whoever wrote it."""

    file: str
    """From the project's root."""
    ciphertexts: Map[str, str]
    """By key, as they stand."""
    lines: Map[str, int]
    """Of the keys."""
    namespace: str
    scope: Scope
    """As the object tells it, by which it is opened."""
    told_scope: Scope
    """As its template tells it, which is what people go by."""
    facts: Map[str, str]
    """Every other field that holds something, by its path: ``spec.template.metadata.labels.app``."""


class CertificateFile(NamedTuple):
    """A certificate as it stands in the repository."""

    file: str
    content: bytes


@dataclass(frozen=True)
class End:
    """An environment at one end."""

    environment: Environment | None = None
    """None where there is none, or where its file can't be read."""
    problems: tuple[SealgenError, ...] = ()
    """Why something of it can't be read."""
    certificate: CertificateFile | None = None
    """None where there is none, or where it is a URL."""
    lock: Lock = field(default_factory=Lock)
    manifests: Map[str, Manifest] = field(default_factory=dict)
    """By the Secret's name; only of files that the other end has otherwise, or not at all."""
    ignores: tuple[Ignore, ...] = ()
    """The comments in its files and templates that silence a check."""
    kustomized: Kustomized = field(default_factory=Kustomized)
    """What is built from the output folder."""
    unlisted: tuple[str, ...] = ()
    """Its manifests that are still there and that the kustomization of the other end listed, and this one does not."""
    left: Map[str, tuple[str, ...]] = field(default_factory=dict)
    """The Secrets whose manifests are left in a folder that is no longer the output, by the folder."""
    recipes: Map[tuple[str, str], str] = field(default_factory=dict)
    """For reading, by Secret and key; where recipes differ and templates can be rendered."""
    external: ExternalEnd = field(default_factory=ExternalEnd)
    """What there is of External Secrets."""

    @property
    def by_secret(self) -> Map[str, Manifest | ExternalObject]:
        """All manifests that differ, by the Secret's name."""
        return {**self.external.secrets, **self.manifests}


# A ciphertext as kubeseal and sealgen lay it out; it can be nothing but text, whatever it is replaced with.
_SEALED = re.compile(r"(?<=\n)    ([-._a-zA-Z0-9]+): (A[A-Za-z0-9+/]{40,}={0,2})(?=\n)")


def read_manifest(content: bytes, file: str) -> dict[str, Manifest]:
    """Return the SealedSecrets of a file by name; raises ConfigurationError for what is not YAML."""
    if KIND.encode() not in content:
        return {}
    # At both ends of a rotation a manifest has the same structure, so that is understood once.
    text = content.decode("utf-8", "surrogateescape")
    sealed = {text.count("\n", 0, match.start()) + 1: match[2] for match in _SEALED.finditer(text)}
    structure = _structure(_SEALED.sub(r"    \1: A", text).encode("utf-8", "surrogateescape"), file)
    places = [line for manifest in structure.values() for line in manifest.lines.values()]
    if sorted(places) != list(sealed):  # one stands elsewhere, or in another way
        return _read_manifest(content, file)
    return {
        name: replace(manifest, ciphertexts={key: sealed[line] for key, line in manifest.lines.items()})
        for name, manifest in structure.items()
    }


@lru_cache(64)
def _structure(content: bytes, file: str) -> Map[str, Manifest]:
    """Return the SealedSecrets of a file whose ciphertexts were left out."""
    return _read_manifest(content, file)


def _read_manifest(content: bytes, file: str) -> dict[str, Manifest]:
    found = {}
    for root in objects.read_all(content, file):
        if root["kind"].text_if_given() != KIND:
            continue
        metadata, sealed = root["metadata"], root["spec"]["encryptedData"]
        name, namespace = (metadata[field].text_if_given() or "" for field in ("name", "namespace"))
        found[name] = Manifest(
            file=file,
            ciphertexts={key: shown(node) for key, (_, node) in sealed.entries().items()},
            lines={key: told.at.line for key, (told, _) in sealed.entries().items()},
            namespace=namespace,
            scope=scope_of(metadata["annotations"].texts()),
            told_scope=scope_of(root["spec"]["template"]["metadata"]["annotations"].texts()),
            facts={path: text for path, text in _facts(root, "") if not _is_told(path, text, name, namespace)},
        )
    return found


def _is_told(path: str, text: str, name: str, namespace: str) -> bool:
    """Tell whether a field says what the manifest has a place of its own for."""
    place = path.removeprefix("spec.template.")
    return (place, text) in {("metadata.name", name), ("metadata.namespace", namespace)} or (
        place.startswith("metadata.annotations.") and place.removeprefix("metadata.annotations.") in SCOPES
    )


def _facts(root: Field, path: str) -> Iterator[tuple[str, str]]:
    for name, (_, node) in root.entries().items():
        below = f"{path}.{name}" if path else name
        if below == "spec.encryptedData":
            continue
        if isinstance(node, Mapping):
            yield from _facts(root[name], below)
        else:
            yield below, shown(node)
