"""ExternalSecrets and their store as a cluster has them, against what the overlay has. Pure.

Source: External Secrets Operator 1.3.2 (``apis/externalsecrets/v1``; ``pkg/controllers/externalsecret``: the condition
Ready, its reasons, and ``syncedResourceVersion``, which begins with the generation that was synced).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgen.errors import shortened
from sealgen.kubernetes.external_secret import ExternalSecret, RemoteReference, SecretStore
from sealgen.status import live
from sealgen.status.judgement import Made, Row, Synced, last_change
from sealgen.status.live import items, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from sealgen.status.live import LiveSecret, Name

_WORDS = 300  # characters of what the operator says


@dataclass(frozen=True)
class AppliedExternal:
    """An ExternalSecret as it is applied, and what the operator says of it."""

    name: Name
    external: ExternalSecret
    more: frozenset[str]
    """What else it brings in: ``dataFrom``, and templates from elsewhere."""
    ready: bool | None
    """Its condition Ready; None where it has none."""
    seen: bool
    """Whether it was made as it is now; only where it is ready."""
    message: str
    """The operator's words, where it is not ready: its reason, and what it says."""
    deleted: bool
    """Whether it is on its way out."""


def applied(found: Mapping[str, Any]) -> AppliedExternal:
    """Read an ExternalSecret."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    ready, message = condition(found)
    generation = str(metadata.get("generation", ""))
    template = (spec.get("target") or {}).get("template") or {}
    return AppliedExternal(
        name=name_of(found),
        external=_external(metadata, spec),
        more=frozenset(name for name, where in (("dataFrom", spec), ("templateFrom", template)) if where.get(name)),
        ready=ready,
        seen=(status.get("syncedResourceVersion") or "").partition("-")[0] == generation,
        message=message,
        deleted="deletionTimestamp" in metadata,
    )


def condition(found: Mapping[str, Any]) -> tuple[bool | None, str]:
    """Return whether an object of the operator is ready, None where it does not say so, and its words about it."""
    ready, said = live.condition(found, "Ready")
    words = ": ".join(filter(None, (said.get("reason", ""), said.get("message", ""))))
    return ready, shortened(words or "no reason given", _WORDS)


def _external(metadata: Mapping[str, Any], spec: Mapping[str, Any]) -> ExternalSecret:
    target, store = spec.get("target") or {}, spec.get("secretStoreRef") or {}
    template = target.get("template") or {}
    told = template.get("metadata") or {}
    return ExternalSecret(
        name=target.get("name") or metadata["name"],
        namespace=metadata.get("namespace", ""),
        store=SecretStore(store.get("name", ""), store.get("kind") or "SecretStore", None),
        data={entry.get("secretKey", ""): _reference(entry.get("remoteRef") or {}) for entry in items(spec, "data")},
        template=template.get("data") or {},
        type=template.get("type"),
        labels=told.get("labels") or {},
        annotations=told.get("annotations") or {},
        immutable=target.get("immutable"),
        refresh_interval=spec.get("refreshInterval", ""),
        creation_policy=target.get("creationPolicy", ""),
        deletion_policy=target.get("deletionPolicy", ""),
    )


def _reference(remote: Mapping[str, Any]) -> RemoteReference:
    return RemoteReference(
        remote.get("key", ""),
        remote.get("property", ""),
        remote.get("version", ""),
        remote.get("decodingStrategy") or "None",
    )


def difference(wanted: ExternalSecret, found: AppliedExternal) -> Iterator[str]:
    """Yield what is applied otherwise than the overlay has it: keys, and other parts in the operator's words."""
    applied = found.external
    for key in sorted({*wanted.template, *applied.template}):
        if wanted.template.get(key) != applied.template.get(key):
            yield key
    if wanted.data != applied.data:
        yield "data"
    if (wanted.store.kind, wanted.store.name) != (applied.store.kind, applied.store.name):
        yield "secretStoreRef"
    # False is what a field that is left out says.
    if any(
        (one := getattr(wanted, field)) != (other := getattr(applied, field)) and (one or other)
        for field in ("name", "type", "labels", "annotations", "immutable", "creation_policy", "deletion_policy")
    ):
        yield "target"
    yield from sorted(found.more)


def rows(
    overlay: Mapping[Name, ExternalSecret],
    found: Mapping[Name, AppliedExternal],
    hidden: Set[Name],
    secrets: Mapping[Name, LiveSecret],
    hidden_secrets: Set[Name],
) -> tuple[Row, ...]:
    """Judge each ExternalSecret of the overlay; those that are ``hidden`` may not be read."""
    return tuple(
        _row(name, wanted, found.get(name), secrets.get(name), is_hidden=name in hidden, unseen=name in hidden_secrets)
        for name, wanted in overlay.items()
    )


def _row(
    name: Name,
    wanted: ExternalSecret,
    found: AppliedExternal | None,
    secret: LiveSecret | None,
    *,
    is_hidden: bool,
    unseen: bool,
) -> Row:
    made, missing = _made(wanted, secret, unseen=unseen)
    changed, _ = last_change(None, secret)
    if is_hidden:
        return Row(name, Synced.UNSEEN, None, made, missing, changed)
    if found is None:
        return Row(name, Synced.ABSENT, None, made, missing, changed)
    synced, detail = _synced(found)
    return Row(name, synced, tuple(difference(wanted, found)), made, detail or missing, changed)


def _synced(found: AppliedExternal) -> tuple[Synced, str]:
    if found.deleted:
        return Synced.PENDING, "it is being deleted"
    if found.ready is False:
        return Synced.NO, found.message
    if found.ready is None or not found.seen:
        return Synced.PENDING, "the operator has not looked at it yet"
    return Synced.YES, ""


def _made(wanted: ExternalSecret, secret: LiveSecret | None, *, unseen: bool) -> tuple[Made, str]:
    if wanted.creation_policy == "None":  # and so there is none
        return Made.YES, ""
    if unseen:
        return Made.UNSEEN, ""
    if secret is None:
        return Made.ABSENT, ""
    missing = sorted(wanted.template.keys() - secret.keys) if secret.keys is not None else []
    return (Made.INCOMPLETE, ", ".join(missing)) if missing else (Made.YES, "")
