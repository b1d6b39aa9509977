"""Pods: what starts them, and what they take of which Secrets. Pure.

Source: https://kubernetes.io/docs/concepts/configuration/secret/, ``core/v1``, ``apps/v1`` and ``batch/v1`` of
Kubernetes 1.35, and https://argo-rollouts.readthedocs.io/ for a Rollout, whose template is that of a Deployment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "Rollout"),
        ("spec", "template", "spec"),
    ),
}
"""Where a workload has what its pods are made of, by its kind."""
_REFERS = re.compile(rb"\bsecret(?:KeyRef|Ref|Name)?\b[\"']?\s*:|\bimagePullSecrets\b")
_WORDS = (b"secret", b"imagePullSecrets")  # one of which is in whatever refers, and in few ciphertexts
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Workload:
    """What starts pods, as ``kubectl`` names it."""

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


class Reference(NamedTuple):
    """What a pod takes of a Secret."""

    secret: str
    key: str | None
    """None for all keys."""


def workloads(content: bytes) -> Iterator[tuple[Workload, frozenset[Reference]]]:
    """Yield the workloads of a file, each with what its pods take of Secrets; one that takes nothing is left out.

    A file that is no YAML has none: kustomize could not build from it.
    """
    if not any(word in content for word in _WORDS) or not _REFERS.search(content):
        return
    try:
        found = list(yaml.load_all(content, _Loader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    for document in found:
        kind = _field(document, "kind")
        for item in _items(document, "items") if kind == "List" else [document]:
            kind, metadata = _field(item, "kind"), _field(item, "metadata")
            name, namespace = (_text(_field(metadata, field)) for field in ("name", "namespace"))
            spec = item
            for field in _TEMPLATES.get(_text(kind), ()):
                spec = _field(spec, field)
            if spec is not item and (taken := frozenset(references(spec))):
                yield Workload(namespace, _text(kind), name), taken


def references(spec: Any) -> Iterator[Reference]:
    """Yield what a pod takes of Secrets, by its ``spec``: in containers and volumes, and to pull images."""
    for field in _CONTAINERS:
        for container in _items(spec, field):
            yield from of_environment(container)
    for volume in _items(spec, "volumes"):
        yield from of_volume(volume)
    for secret in _items(spec, "imagePullSecrets"):
        yield from _referred(secret, "name")


def of_environment(container: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield what a container has in its environment."""
    for variable in _items(container, "env"):
        reference = _field(_field(variable, "valueFrom"), "secretKeyRef")
        yield from _referred(reference, "name", _text(_field(reference, "key")))
    for source in _items(container, "envFrom"):
        yield from _referred(_field(source, "secretRef"), "name")


def of_volume(volume: Mapping[str, Any]) -> Iterator[Reference]:
    """Yield what a volume shows."""
    yield from _shown(_field(volume, "secret"), "secretName")
    for part in _items(_field(volume, "projected"), "sources"):
        yield from _shown(_field(part, "secret"), "name")


def _shown(source: Any, field: str) -> Iterator[Reference]:
    chosen = [_text(_field(item, "key")) for item in _items(source, "items")]
    for key in chosen or [""]:
        yield from _referred(source, field, key)


def _referred(source: Any, field: str, key: str = "") -> Iterator[Reference]:
    if name := _text(_field(source, field)):
        yield Reference(name, key or None)


# Files of people may have anything anywhere.


def _field(found: Any, name: str) -> Any:
    return found.get(name) if isinstance(found, dict) else None


def _items(found: Any, name: str) -> list[Any]:
    there = _field(found, name)
    return there if isinstance(there, list) else []


def _text(found: Any) -> str:
    return found if isinstance(found, str) else ""
