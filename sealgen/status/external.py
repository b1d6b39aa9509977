"""ExternalSecrets and their store as a cluster has them, against what the overlay has. Pure.

Source: External Secrets Operator 1.3.2 (``apis/externalsecrets/v1``; ``pkg/controllers/externalsecret``: the condition
Ready, its reasons, ``refreshTime``, and ``syncedResourceVersion``, which begins with the generation that was synced).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sealgen.errors import shortened
from sealgen.formats.report import Severity
from sealgen.kubernetes.duration import duration
from sealgen.kubernetes.external_secret import ExternalSecret, RemoteReference, SecretStore
from sealgen.status import live
from sealgen.status.findings import Finding
from sealgen.status.judgement import Made, Row, Synced, last_change
from sealgen.status.live import items, name_of, time_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set

    from sealgen.status.live import LiveSecret, Name

_WORDS = 300  # characters of what the operator says
_PERIODIC = "Periodic"
# What else an ExternalSecret may say, by its path in the spec, and by that in an entry of data: with what says nothing.
_MORE: Mapping[tuple[str, ...], object] = {
    ("dataFrom",): [],
    ("refreshPolicy",): _PERIODIC,
    ("target", "manifest"): {},
    ("target", "template", "engineVersion"): "v2",
    ("target", "template", "mergePolicy"): "Replace",
    ("target", "template", "metadata", "finalizers"): [],
    ("target", "template", "templateFrom"): [],
}
_MORE_OF_VALUE: Mapping[tuple[str, ...], object] = {
    ("remoteRef", "conversionStrategy"): "Default",
    ("remoteRef", "metadataPolicy"): "None",
    ("sourceRef",): {},
}
_LATE = 2  # times the interval, after which more is wrong than that the operator has much to do
_SKEW = dt.timedelta(minutes=5)  # by which the clocks of two machines may differ


@dataclass(frozen=True)
class AppliedExternal:
    """An ExternalSecret as it is applied, and what the operator says of it."""

    name: Name
    external: ExternalSecret
    more: frozenset[str]
    """What else it says, in the operator's words: ``dataFrom``, templates from elsewhere, when it is refreshed."""
    ready: bool | None
    """Its condition Ready; None where it has none."""
    seen: bool
    """Whether it was made as it is now; only where it is ready."""
    message: str
    """The operator's words, where it is not ready: its reason, and what it says."""
    deleted: bool
    """Whether it is on its way out."""
    refreshed: dt.datetime | None
    """When the operator last read the store for it, and made the Secret of that."""
    periodic: bool
    """Whether the operator does so again after each ``refresh_interval``."""


def applied(found: Mapping[str, Any]) -> AppliedExternal:
    """Read an ExternalSecret."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    ready, message = condition(found)
    generation = str(metadata.get("generation", ""))
    return AppliedExternal(
        name=name_of(found),
        external=_external(metadata, spec),
        more=frozenset(_more(spec)),
        ready=ready,
        seen=(status.get("syncedResourceVersion") or "").partition("-")[0] == generation,
        message=message,
        deleted="deletionTimestamp" in metadata,
        refreshed=time_of(status.get("refreshTime")),
        periodic=(spec.get("refreshPolicy") or _PERIODIC) == _PERIODIC,
    )


def _more(spec: Mapping[str, Any]) -> Iterator[str]:
    yield from _said(spec, _MORE)
    for entry in items(spec, "data"):
        yield from _said(entry, _MORE_OF_VALUE)


def _said(within: Mapping[str, Any], more: Mapping[tuple[str, ...], object]) -> Iterator[str]:
    for path, nothing in more.items():
        found: Any = within
        for name in path:
            found = (found or {}).get(name)
        if found not in (None, nothing):
            yield path[-1]


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
        refresh_interval=spec.get("refreshInterval") or "1h",
        creation_policy=target.get("creationPolicy") or "Owner",
        deletion_policy=target.get("deletionPolicy") or "Retain",
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
    if _interval(wanted) != _interval(applied):
        yield "refreshInterval"
    for field, told in _FIELDS.items():
        one, other = getattr(wanted, field), getattr(applied, field)
        # False is what a field that is left out says.
        if one != other and (one or other):
            yield told
    yield from sorted(found.more)


_FIELDS = {
    "name": "target.name",
    "creation_policy": "creationPolicy",
    "deletion_policy": "deletionPolicy",
    "immutable": "immutable",
    "type": "type",
    "labels": "labels",
    "annotations": "annotations",
}
"""The operator's words for what is compared as a whole."""


def _interval(external: ExternalSecret) -> dt.timedelta | str:
    """Return how often the store is read, however that is written."""
    found = duration(external.refresh_interval)
    return external.refresh_interval if found is None else found


def late(found: Iterable[AppliedExternal], now: dt.datetime) -> Iterator[Finding]:
    """Yield those for which the operator has not read the store in twice the time and more, at ``now`` (UTC).

    Where it failed to, or has not looked yet, that is told by itself.
    """
    for one in found:
        interval = duration(one.external.refresh_interval)
        if not (one.ready and one.seen and one.periodic and one.refreshed and interval) or interval < dt.timedelta():
            continue
        if now - one.refreshed > _LATE * interval + _SKEW:
            message = (
                f"{one.name} was last refreshed at {one.refreshed:%Y-%m-%d %H:%M:%S} UTC, and is to be every "
                f"{one.external.refresh_interval}: the operator does not run, or does not keep up"
            )
            yield Finding("not-refreshed", Severity.ERROR, message)


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
    return Row(name, synced, tuple(difference(wanted, found)), made, detail or missing, changed, found.refreshed)


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
