"""What changed in an environment of External Secrets: where the operator reads, and what it makes of it. Pure.

Such manifests are readable, and follow from the environment file and the templates alone: one that changed into
something else is a finding, whatever it says.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen.kubernetes import generator, push_secret
from sealgen.review.change import Change, Level, Word
from sealgen.review.external_end import backend_of, is_external
from sealgen.review.external_manifest import Secrets, generated_changes, store_changes, wider
from sealgen.review.locked import shifted
from sealgen.values.version import counter_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sealgen.review.end import End
    from sealgen.review.external_end import ExternalEnd


def external_changes(before: End, after: End, file: str) -> Iterator[Change]:
    """Yield what changed in the operator's objects and in the versions of their values; ``file`` is the lock's."""
    if not (is_external(before.environment) or is_external(after.environment)):
        return
    old, new = before.external, after.external
    yield from _unlike(old, new, after.environment.name if after.environment else "")
    shifts = dict(_shifts(before, after))
    environment_file = after.environment.file if after.environment else ""
    for what, (was, now) in shifts.items():
        is_store = what == "secret_store"
        told = f"{what}: {was} → {now}"
        yield Change(
            Word.STORE if is_store else Word.SETTING,
            told + wider(was, now) if is_store else told,
            level=Level.TRUST if is_store else Level.PLAIN,
            file=environment_file,
        )
    secrets = Secrets(old, new, shifts)
    kinds = {"store": store_changes, **dict.fromkeys((push_secret.KIND, *generator.KEYS), generated_changes)}
    for identity in sorted({*old.objects, *new.objects}):
        changes_of = kinds.get(identity[0], secrets.changes)
        yield from changes_of(old.objects.get(identity), new.objects.get(identity))
    if is_external(before.environment) and is_external(after.environment):
        yield from _versions(before, after, file)


def moved(changes: Iterable[Change], before: End, after: End) -> list[Change]:
    """Return the changes; what is gone as a sealed key and came as one that the operator makes has moved, or back."""
    changes = list(changes)
    if is_external(before.environment) == is_external(after.environment):
        return changes
    gone, come = ({one.place for one in changes if one.key and one.word is word} for word in (Word.REMOVED, Word.ADDED))
    detail = "sealed → made by the operator" if is_external(after.environment) else "made by the operator → sealed"
    return [
        replace(change, word=Word.MOVED, detail=detail) if change.word is Word.ADDED and both else change
        for change in changes
        if not ((both := change.place in gone & come) and change.word is Word.REMOVED)
    ]


# --- what is not as the environment file and the templates give it ---


def _unlike(before: ExternalEnd, after: ExternalEnd, name: str) -> Iterator[Change]:
    """Yield the files that are not what they are to be, but for those that were as wrong before."""
    if after.wanted is None:
        return
    folders = {posixpath.dirname(path) for path in after.wanted}
    for path in sorted({*after.wanted, *after.files}):
        there, wanted = after.files.get(path), after.wanted.get(path)
        was, was_wanted = before.files.get(path), (before.wanted or {}).get(path)
        if there == wanted or (before.wanted is not None and (there, wanted) == (was, was_wanted)):
            continue
        if there is None and was is None:  # never written: a check's matter
            continue
        if there is None:
            told = "is gone, and the environment still has it"
        elif there == was:
            told = f"is not what the environment file and the templates give any more: sealgen seal {name}"
        elif wanted is None:
            told = "is from no environment file and no template: made by hand, or by another tool"
        else:
            told = "is not what the environment file and the templates give: changed by hand, or by another tool"
        name = posixpath.basename(path) if posixpath.dirname(path) in folders else path
        yield Change(Word.UNEXPLAINED, f"{name} {told}", level=Level.UNEXPLAINED, file=path)


# --- what an environment's backend says for all ---


def _shifts(before: End, after: End) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield what the backend says otherwise of all Secrets, before and after."""
    old, new = backend_of(before.environment), backend_of(after.environment)
    if old is None or new is None:
        return
    said = (
        ("secret_store", f"{old.store.kind} {old.store.name}", f"{new.store.kind} {new.store.name}"),
        ("api_version", old.api_version, new.api_version),
        ("refresh_interval", old.refresh_interval, new.refresh_interval),
        ("creation_policy", old.creation_policy, new.creation_policy),
        ("deletion_policy", old.deletion_policy, new.deletion_policy),
    )
    for what, was, now in said:
        if was != now:
            yield what, (was, now)


# --- versions ---


def _versions(before: End, after: End, file: str) -> Iterator[Change]:
    """Yield which values are others by the locks, for each key that is made of them."""
    old, new = before.lock.values, after.lock.values
    manifests = after.external.wanted_files
    for value in sorted({*old, *new}):
        was, now = old.get(value), new.get(value)
        if now is None:
            if after.environment is not None and value in after.environment.values:
                detail = f"the lock has no line of {value} any more, which is still there"
                yield Change(Word.UNEXPLAINED, detail, level=Level.UNEXPLAINED, file=file)
            continue
        if was is None:
            counter = counter_of(now.version)
            told = f"{value} {counter} ({now.date})" if counter else f"{value} ({now.date})"
            yield Change(Word.VALUE, f"{told}, in the store", file=file)
        elif was.version != now.version:
            told = shifted(value, was.version, now)
            keys = sorted(place for place, made_of in after.external.values.items() if value in made_of)
            for secret, key in keys or [("", "")]:
                yield Change(Word.VALUE, told, secret, key, file=manifests.get(secret, file) if secret else file)
