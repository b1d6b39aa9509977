"""The overlay against the cluster: what each SealedSecret has come to, and who needs a restart. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sealgen.errors import shortened
from sealgen.kubernetes import sealed_secret
from sealgen.kubernetes.sealed_secret import SCOPES
from sealgen.status.live import pruned

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sealgen.kubernetes.pods import Workload
    from sealgen.kubernetes.sealed_secret import SealedSecret
    from sealgen.status.live import AppliedSecret, LiveSecret, Name
    from sealgen.status.reading import Objects
    from sealgen.status.uses import Use


class Synced(StrEnum):
    """What the controller says of a SealedSecret."""

    YES = "synced"
    NO = "not synced"
    PENDING = "pending"
    ABSENT = "not applied"
    UNSEEN = "not seen"


class Made(StrEnum):
    """What there is of the Secret that comes of a SealedSecret."""

    YES = "there"
    INCOMPLETE = "keys missing"
    FOREIGN = "not managed"
    ABSENT = "missing"
    UNSEEN = "not seen"


@dataclass(frozen=True)
class Row:
    """A SealedSecret of the overlay."""

    name: Name
    synced: Synced
    differs: tuple[str, ...] | None
    """What the cluster has otherwise than the overlay: keys, and other parts; None where that is not known."""
    secret: Made
    detail: str
    """The controller's words, or what is missing."""
    changed: dt.datetime | None
    """When the Secret last changed."""
    refreshed: dt.datetime | None = None
    """When the operator last read the store for an ExternalSecret."""

    @property
    def settled(self) -> bool:
        """Whether the overlay is applied, and the Secret what it is to be, as far as can be seen."""
        return self.synced is Synced.YES and not self.differs and self.secret in (Made.YES, Made.UNSEEN)


@dataclass(frozen=True)
class Restart:
    """A workload with a container that started before a Secret last changed which it took in then."""

    workload: Workload
    pods: tuple[str, ...]
    secret: Name
    changed: dt.datetime
    source: str
    """Which time that is."""
    where: tuple[str, ...]


def rows(overlay: Mapping[Name, SealedSecret], objects: Objects) -> tuple[Row, ...]:
    """Judge each SealedSecret of the overlay."""
    return tuple(_row(name, wanted, objects) for name, wanted in overlay.items())


def settled(rows: Sequence[Row]) -> tuple[int, int]:
    """Return how many need not be waited for, as they are what they are to be or may not be read, and of how many."""
    return sum(row.settled or row.synced is Synced.UNSEEN for row in rows), len(rows)


def _row(name: Name, wanted: SealedSecret, objects: Objects) -> Row:
    applied, secret = objects.sealed.get(name), objects.secrets.get(name)
    made, missing = _made(applied, secret, hidden=name in objects.hidden_secrets)
    if name in objects.hidden_sealed:
        return Row(name, Synced.UNSEEN, None, made, missing, secret.changed if secret else None)
    if applied is None:
        return Row(name, Synced.ABSENT, None, made, missing, secret.changed if secret else None)
    synced, detail = _synced(applied)
    changed, _ = last_change(applied, secret)
    return Row(name, synced, tuple(difference(wanted, applied)), made, detail or missing, changed)


def _synced(applied: AppliedSecret) -> tuple[Synced, str]:
    if applied.deleted:
        return Synced.PENDING, "it is being deleted"
    if applied.synced is None or not applied.seen:
        return Synced.PENDING, "the controller has not looked at it yet"
    return (Synced.YES, "") if applied.synced else (Synced.NO, shortened(applied.message or "no reason given", 300))


def _made(applied: AppliedSecret | None, secret: LiveSecret | None, *, hidden: bool) -> tuple[Made, str]:
    if hidden:
        return Made.UNSEEN, ""
    if secret is None:
        return Made.ABSENT, ""
    if not secret.handed_over and (applied is None or applied.uid not in secret.owners):
        # The uid of a SealedSecret that may not be read is not known.
        return (Made.YES, "") if applied is None and secret.owners else (Made.FOREIGN, "")
    missing = sorted(applied.keys - secret.keys) if applied and secret.keys is not None else []
    return (Made.INCOMPLETE, ", ".join(missing)) if missing else (Made.YES, "")


def difference(wanted: SealedSecret, applied: AppliedSecret) -> Iterator[str]:
    """Yield what is applied otherwise than the overlay has it: keys, and the template and scope by these words."""
    spec = pruned(sealed_secret.tree(wanted))["spec"]
    for key in sorted(wanted.encrypted_data.keys() | applied.encrypted_data.keys()):
        if wanted.encrypted_data.get(key) != applied.encrypted_data.get(key):
            yield key
    if spec.get("template", {}) != applied.template:
        yield "template"
    if {wanted.scope.annotation} - {None} != {_deciding(applied)} - {None}:
        yield "scope"


def _deciding(applied: AppliedSecret) -> str | None:
    """Return the annotation that counts, the wider one where there are both."""
    told = [name for name in SCOPES if name in applied.scopes]
    return told[-1] if told else None


def last_change(applied: AppliedSecret | None, secret: LiveSecret | None) -> tuple[dt.datetime | None, str]:
    """Return when a Secret last changed, and which time that is.

    Its own metadata tells when its keys were last written to. Where that is not known, the controller's condition tells
    when it last opened another SealedSecret, which may have held the same.
    """
    if secret is not None and secret.changed is not None:
        return secret.changed, "when its keys were written"
    if applied is not None and applied.synced and applied.seen:
        return applied.updated, "when its SealedSecret was synced"
    return None, ""


def restarts(uses: Iterable[Use], wanted: Iterable[Name], objects: Objects) -> tuple[Restart, ...]:
    """Return the workloads that still go by what some Secret held before."""
    changes = {name: last_change(objects.sealed.get(name), objects.secrets.get(name)) for name in wanted}
    stale: dict[tuple[Workload, Name], list[Use]] = {}
    for use in uses:
        changed, _ = changes.get(use.secret, (None, ""))
        if changed is not None and use.started < changed:
            stale.setdefault((use.workload, use.secret), []).append(use)
    found = []
    for (workload, secret), old in stale.items():
        changed, source = changes[secret]
        assert changed is not None  # noqa: S101  (or nothing would be older)
        pods, where = (tuple(dict.fromkeys(told)) for told in ([use.pod for use in old], [use.where for use in old]))
        found.append(Restart(workload, pods, secret, changed, source, where))
    return tuple(sorted(found, key=lambda one: (one.workload.namespace, str(one.workload), one.secret)))
