"""An environment at one end of a diff: its settings, its lock, and those of its manifests that differ. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.errors import SealgenError
from sealgen.kubernetes import objects
from sealgen.kubernetes.sealed_secret import KIND, SCOPES, scope_of
from sealgen.lock import Lock
from sealgen.review.external_end import ExternalEnd
from sealgen.review.kustomized import Kustomized
from sealgen.yaml.layout import reads_as_text
from sealgen.yaml.nodes import Mapping, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as Map

    from sealgen.config.environment import Environment
    from sealgen.kubernetes.sealed_secret import Scope
    from sealgen.review.external_end import ExternalObject
    from sealgen.review.ignores import Ignore
    from sealgen.yaml.nodes import Node, Scalar

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

    @cached_property
    def digests(self) -> Map[str, str]:
        """What a lock knows the ciphertexts by, by key."""
        return {key: ciphertext_digest(text) for key, text in self.ciphertexts.items()}


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


# A ciphertext and a name as kubeseal and sealgen lay them out.
_VARYING = re.compile(
    r"(?<=\n)(?:(    [-._a-zA-Z0-9]+: )(A[A-Za-z0-9+/]{40,}={0,2})|((?:  |      )name: )([a-z][a-z0-9.-]*))(?=\n)"
)
_LEFT_OUT = "LEFT-OUT"


def read_manifest(content: bytes, file: str) -> dict[str, Manifest]:
    """Return the SealedSecrets of a file by name; raises ConfigurationError for what is not YAML."""
    if KIND.encode() not in content:
        return {}
    # At both ends of a rotation a manifest has the same structure, as many have that came of one template: that is
    # understood once, without what varies.
    text = content.decode("utf-8", "surrogateescape")
    varying = list(_VARYING.finditer(text))
    names = {match[4] for match in varying if match[4]}
    structure = None
    if len(names) == 1 and all(map(reads_as_text, names)) and _LEFT_OUT not in text:
        structure = _structure(_VARYING.sub(rf"\1\3{_LEFT_OUT}", text).encode("utf-8", "surrogateescape"))
    sealed = {text.count("\n", 0, match.start()) + 1: match[2] for match in varying if match[2]}
    if structure is None or not sealed.keys() >= set(structure.lines.values()):
        return _read_manifest(content, file)
    ciphertexts = {key: sealed[line] for key, line in structure.lines.items()}
    return {names.pop(): replace(structure, file=file, ciphertexts=ciphertexts)}


@lru_cache(64)
def _structure(content: bytes) -> Manifest | None:
    """Return the one SealedSecret of a file where each ciphertext, the name, and nothing else, was left out."""
    try:
        found = _read_manifest(content, "")
    except SealgenError:
        return None  # which is told of the whole
    manifest = found.get(_LEFT_OUT)
    if manifest is None or len(found) > 1 or _TEMPLATE_NAME in manifest.facts:
        return None
    if any(text != _LEFT_OUT for text in manifest.ciphertexts.values()):
        return None
    elsewhere = (manifest.namespace, *manifest.facts.values())
    return None if any(_LEFT_OUT in text for text in elsewhere) else manifest


def _read_manifest(content: bytes, file: str) -> dict[str, Manifest]:
    found = {}
    for root in objects.read_all(content, file):
        if root["kind"].text_if_given() != KIND:
            continue
        metadata, sealed = root["metadata"], root["spec"]["encryptedData"].entries()
        name, namespace = (metadata[field].text_if_given() or "" for field in ("name", "namespace"))
        places = {
            f"{where}{field}": text for where in _PLACES for field, text in (("name", name), ("namespace", namespace))
        }
        found[name] = Manifest(
            file=file,
            ciphertexts={key: shown(node) for key, (_, node) in sealed.items()},
            lines={key: told.line for key, (told, _) in sealed.items()},
            namespace=namespace,
            scope=scope_of(metadata["annotations"].texts()),
            told_scope=scope_of(root["spec"]["template"]["metadata"]["annotations"].texts()),
            facts={
                path: text
                for path, text in _facts(root.entries(), "")
                if places.get(path) != text and path not in _SCOPE_PLACES
            },
        )
    return found


# Fields that say what the manifest has a place of its own for.
_PLACES = ("metadata.", "spec.template.metadata.")
_TEMPLATE_NAME = "spec.template.metadata.name"
_SCOPE_PLACES = {f"{where}annotations.{scope}" for where in _PLACES for scope in SCOPES}


def _facts(entries: Map[str, tuple[Scalar, Node]], path: str) -> Iterator[tuple[str, str]]:
    for name, (_, node) in entries.items():
        below = path + name
        if below == "spec.encryptedData":
            continue
        if isinstance(node, Mapping):
            yield from _facts(node.entries, f"{below}.")
        else:
            yield below, shown(node)
