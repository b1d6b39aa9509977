"""Which workloads read a Secret that changed, where the same overlay has them. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen.kubernetes.pods import workloads
from sealgen.review.change import Change, Level, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from sealgen.kubernetes.pods import Workload
    from sealgen.review.end import Manifest
    from sealgen.review.external_end import ExternalObject

    Made: TypeAlias = Manifest | ExternalObject

_MOST = 5  # workloads in a sentence


def with_readers(
    changes: Sequence[Change], files: Mapping[str, bytes], before: Mapping[str, Made], after: Mapping[str, Made]
) -> Iterator[Change]:
    """Yield the changes of Secrets, each with the workloads of ``files`` that read what changed.

    What is gone and still read is a matter of trust: pods that need it do not start.
    """
    by_secret = _by_secret(files) if changes else {}
    for change in changes:
        manifest = after.get(change.secret) or before.get(change.secret)
        taken = [
            (str(workload), key)
            for workload, key in by_secret.get(change.secret, ())
            # Where a file leaves the namespace to kustomize, it is that of the rest.
            if not manifest or workload.namespace in ("", manifest.namespace)
        ]
        readers = tuple(sorted({name for name, key in taken if not change.key or key in (None, change.key)}))
        if change.word is Word.REMOVED:
            is_gone = change.secret not in after
            missing = sorted({name for name, key in taken if is_gone or key == change.key})
            if missing:
                yield replace(change, readers=readers, level=Level.TRUST, detail=f"still read by {listed(missing)}")
                continue
        yield replace(change, readers=readers) if readers else change


def _by_secret(files: Mapping[str, bytes]) -> dict[str, set[tuple[Workload, str | None]]]:
    """Return who takes what of each Secret: one of its keys, or None for all."""
    found: dict[str, set[tuple[Workload, str | None]]] = {}
    for content in files.values():
        for workload, taken in workloads(content):
            for secret, key in taken:
                found.setdefault(secret, set()).add((workload, key))
    return found


def by_workload(changes: Iterable[Change]) -> dict[str, list[str]]:
    """Return which of the Secrets that changed each workload reads, by its name."""
    found: dict[str, set[str]] = {}
    for change in changes:
        for workload in change.readers:
            found.setdefault(workload, set()).add(change.secret)
    return {workload: sorted(secrets) for workload, secrets in sorted(found.items())}


def listed(names: Sequence[str]) -> str:
    """Return some names for a sentence: the first ones, and how many more there are."""
    rest = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{rest}"
