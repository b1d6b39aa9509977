"""SealedSecrets and Secrets as a cluster has them, of the answers of its API; no value of a Secret is among it. Pure.

Source: Sealed Secrets 0.36.6 (``pkg/controller``), and ``meta/v1`` of Kubernetes 1.35.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sealgen.kubernetes.sealed_secret import API_VERSION, KIND, SCOPES

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUP = API_VERSION.partition("/")[0]
_MANAGED = f"sealedsecrets.{_GROUP}/managed"
_PATCHED = f"sealedsecrets.{_GROUP}/patch"
# Whose Secrets these are: a service account's token, a release of Helm, cert-manager's, the controller's own, and
# those that the External Secrets Operator makes and does not own.
_TOOLS_ANNOTATIONS = frozenset({"kubernetes.io/service-account.name", "cert-manager.io/certificate-name"})
_TOOLS_LABELS = frozenset(
    {
        "app.kubernetes.io/managed-by",
        f"sealedsecrets.{_GROUP}/sealed-secrets-key",
        "reconcile.external-secrets.io/managed",
    }
)


class Name(NamedTuple):
    """What an object is called in the cluster."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def name_of(found: Mapping[str, Any]) -> Name:
    """Return an object's name."""
    return Name(found["metadata"].get("namespace", ""), found["metadata"]["name"])


def items(found: Mapping[str, Any], field: str) -> list[Any]:
    """Return a list of an object, which may be left out."""
    there: list[Any] = found.get(field) or []
    return there


def condition(found: Mapping[str, Any], kind: str) -> tuple[bool | None, Mapping[str, Any]]:
    """Return what an object's condition says, None where it does not, and the condition itself."""
    conditions = items(found.get("status") or {}, "conditions")
    one: Mapping[str, Any] = next((one for one in conditions if one.get("type") == kind), {})
    return {"True": True, "False": False}.get(one.get("status", "")), one


def time_of(text: str | None) -> dt.datetime | None:
    """Read a time of Kubernetes, which is RFC 3339 in UTC."""
    return None if not text else dt.datetime.fromisoformat(text)


@dataclass(frozen=True)
class AppliedSecret:
    """A SealedSecret as it is applied, and what the controller says of it."""

    name: Name
    uid: str
    encrypted_data: Mapping[str, str]
    template: Mapping[str, Any]
    """Without what says nothing."""
    scopes: frozenset[str]
    """The annotations that tell a scope; of the object itself, as those decide."""
    seen: bool
    """Whether the controller has looked at it as it is now."""
    synced: bool | None
    """Its condition Synced; None where it has none."""
    message: str
    """The controller's words, where it is not synced."""
    updated: dt.datetime | None
    """When the controller last said so of something new."""
    deleted: bool
    """Whether it is on its way out."""

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the Secret that comes of it."""
        return frozenset(self.encrypted_data) | frozenset(self.template.get("data", {}))


def applied(found: Mapping[str, Any]) -> AppliedSecret:
    """Read a SealedSecret."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    synced, said = condition(found, "Synced")
    annotations = metadata.get("annotations") or {}
    return AppliedSecret(
        name=name_of(found),
        uid=metadata.get("uid", ""),
        encrypted_data=spec.get("encryptedData") or {},
        template=pruned(spec.get("template")) or {},
        scopes=frozenset(name for name in SCOPES if annotations.get(name) == "true"),
        seen=status.get("observedGeneration", 0) >= metadata.get("generation", 0),
        synced=synced,
        message=said.get("message", ""),
        updated=time_of(said.get("lastUpdateTime")),
        deleted="deletionTimestamp" in metadata,
    )


def pruned(data: Any) -> Any:
    """Return data without what says nothing to Kubernetes: null, and mappings that are empty."""
    if not isinstance(data, dict):
        return data
    kept = {name: pruned(value) for name, value in data.items()}
    return {name: value for name, value in kept.items() if value is not None and value != {}}


@dataclass(frozen=True)
class LiveSecret:
    """A Secret, by its metadata alone."""

    name: Name
    owners: frozenset[str]
    """The unique ids of the SealedSecrets that control it."""
    handed_over: bool
    """Whether its annotations let the controller write to it though no SealedSecret controls it."""
    others: bool
    """Whether some tool or controller keeps it."""
    keys: frozenset[str] | None
    """The names of its keys; None where the cluster does not tell."""
    changed: dt.datetime | None
    """When somebody last wrote to its keys; None where the cluster does not tell."""


def secret(found: Mapping[str, Any]) -> LiveSecret:
    """Read a Secret's metadata.

    Who wrote which field, and when, is part of it: so the names of keys are known without what they hold.
    """
    metadata = found["metadata"]
    owners = metadata.get("ownerReferences") or []
    annotations, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    writers = [
        (entry, data)
        for entry in metadata.get("managedFields") or ()
        if (data := (entry.get("fieldsV1") or {}).get("f:data")) is not None
    ]
    times = [time for entry, _ in writers if (time := time_of(entry.get("time"))) is not None]
    return LiveSecret(
        name=name_of(found),
        owners=frozenset(
            owner["uid"]
            for owner in owners
            if owner["kind"] == KIND and owner["apiVersion"].startswith(f"{_GROUP}/") and owner.get("controller")
        ),
        handed_over="true" in (annotations.get(_MANAGED), annotations.get(_PATCHED)),
        others=any(owner["kind"] != KIND for owner in owners)
        or not _TOOLS_ANNOTATIONS.isdisjoint(annotations)
        or not _TOOLS_LABELS.isdisjoint(labels)
        or labels.get("owner") == "helm",
        keys=frozenset(key[2:] for _, data in writers for key in data if key.startswith("f:")) if writers else None,
        changed=max(times, default=None),
    )
