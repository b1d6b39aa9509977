"""What changed between two ends of an environment, and whether anything explains it. Pure: no key, no plaintext.

The lock says what each ciphertext was made of, at both ends. A ciphertext that changed is explained by a version, a
recipe, a label or a certificate that changed with it; one that is not is a finding, as is a lock that changed alone.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sealgen.kubernetes.sealed_secret import Scope
from sealgen.review.change import Change, EnvironmentDiff, Level, Word, shift
from sealgen.review.end import POWERS
from sealgen.review.external import external_changes, moved
from sealgen.review.external_end import is_external
from sealgen.review.kustomized import kustomization_changes
from sealgen.review.locked import lock_changes, shifted
from sealgen.review.readers import with_readers
from sealgen.review.settings import left_behind, settings_changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.lock import LockedKey
    from sealgen.review.end import End


def compare(name: str, before: End, after: End) -> EnvironmentDiff:
    """Return what changed in the environment ``name``, the most pressing first."""
    known = {problem.message for problem in before.problems}
    changes = [
        Change(
            Word.UNREADABLE,
            problem.message,
            level=Level.UNEXPLAINED,
            file=problem.at.file if problem.at else f"environments/{name}.yaml",
            line=problem.at.line if problem.at else 0,
        )
        for problem in after.problems
        if problem.message not in known
    ]
    if after.environment or not after.problems:
        changes += settings_changes(before.environment, after.environment)
    changes += left_behind(after.left, before.environment)
    pinned = any(change.word is Word.CERTIFICATE for change in changes)
    if before.certificate and after.certificate and before.certificate != after.certificate and not pinned:
        detail = "the certificate's file is another; the pin says whether its key is"
        changes.append(Change(Word.CERTIFICATE, detail, level=Level.TRUST, file=after.certificate.file))
    changes += _silenced(before, after)
    namespace = after.environment.namespace if after.environment else ""
    changes += kustomization_changes(before.kustomized, after.kustomized, after.unlisted, namespace)
    lock = f"environments/{name}.lock"
    changes += lock_changes(before.lock, after.lock, lock, of_keys=not is_external(after.environment))
    secrets = moved([*_secrets(before, after), *external_changes(before, after, lock)], before, after)
    changes += with_readers(secrets, after.kustomized.files, before.by_secret, after.by_secret)
    return EnvironmentDiff(name, tuple(sorted(changes, key=lambda change: change.level)))


def _silenced(before: End, after: End) -> Iterator[Change]:
    """Yield the comments that came and silence a check: what it would say, only they say now."""
    known = Counter((ignore.file, ignore.ids, ignore.reason) for ignore in before.ignores)
    for ignore in after.ignores:
        place = (ignore.file, ignore.ids, ignore.reason)
        known[place] -= 1
        if known[place] < 0:
            detail = f"the check {', '.join(ignore.ids)} is silenced: {ignore.reason or 'for no reason'}"
            yield Change(Word.SETTING, detail, level=Level.TRUST, file=ignore.file, line=ignore.at)


def _secrets(before: End, after: End) -> Iterator[Change]:
    compared = _Comparison(before, after)
    keys: dict[str, list[str]] = {secret: [] for secret in (*before.manifests, *after.manifests)}
    for secret, key in compared.places():
        keys.setdefault(secret, []).append(key)
    for secret in sorted(keys):
        yield from compared.manifest(secret)
        for key in sorted(keys[secret]):
            yield from compared.key(secret, key)


class _Comparison:
    def __init__(self, before: End, after: End) -> None:
        self._before = before
        self._after = after
        self._origins = {locked.ciphertext: place for place, locked in before.lock.keys.items()}
        self._bound: dict[str, set[tuple[Scope, str]]] = {}
        for (secret, _), locked in after.lock.keys.items():
            self._bound.setdefault(secret, set()).add((locked.scope, locked.namespace))
        for secret, manifest in before.manifests.items():
            for key, digest in manifest.digests.items():
                self._origins.setdefault(digest, (secret, key))

    def places(self) -> set[tuple[str, str]]:
        """Return the keys that may have changed: those of manifests that differ, and those of which the lock does."""
        found = {
            (secret, key)
            for end in (self._before, self._after)
            for secret, manifest in end.manifests.items()
            for key in manifest.ciphertexts
        }
        old, new = self._before.lock.keys, self._after.lock.keys
        return found | {place for place in {*old, *new} - found if old.get(place) != new.get(place)}

    # --- keys ---

    def key(self, secret: str, key: str) -> Iterator[Change]:
        """Yield what happened to a key."""
        place = (secret, key)
        told = self._told(secret, key)
        locked_before, locked = self._before.lock.keys.get(place), self._after.lock.keys.get(place)
        old, new = self._digest(self._before, secret, key), self._digest(self._after, secret, key)
        unexplained = partial(told, Word.UNEXPLAINED, level=Level.UNEXPLAINED)
        if old is None and new is None:
            yield from self._lock_alone(unexplained, locked_before, locked)
        elif new is None:
            if locked is not None:
                yield unexplained("gone from the manifest, but not from the lock")
            else:
                yield told(Word.REMOVED)
        elif locked is None or locked.ciphertext != new:
            if old != new or locked_before != locked:
                yield unexplained(self._stranger(place, new))
        elif old is None:
            yield self._added(told, place, new, locked)
        elif old == new:
            if locked_before is not None and not _alike(locked_before, locked):
                yield unexplained("the lock says that it changed, but the ciphertext is the same")
        else:
            yield from self._sealed_again(told, place, old, locked_before, locked)

    def _told(self, secret: str, key: str) -> partial[Change]:
        """Return what makes a change of this key, at its line; a manifest that is gone is named all the same."""
        new, old = self._after.manifests.get(secret), self._before.manifests.get(secret)
        manifest = new or old
        line = new.lines.get(key, 0) if new else 0
        return partial(_change, secret=secret, key=key, file=manifest.file if manifest else "", line=line)

    @staticmethod
    def _digest(end: End, secret: str, key: str) -> str | None:
        """Return the digest of a ciphertext at one end, None where the manifest has none or is not among those read."""
        manifest = end.manifests.get(secret)
        return manifest.digests.get(key) if manifest else None

    def _lock_alone(
        self, unexplained: partial[Change], before: LockedKey | None, after: LockedKey | None
    ) -> Iterator[Change]:
        """The lock changed, and the manifest did not, or has no such key."""
        if before is None:
            yield unexplained("the lock has the key, and no manifest changed with it")
        elif after is None:
            yield unexplained("gone from the lock, and no manifest changed with it")
        elif not _alike(before, after):
            yield unexplained("the lock says that it changed, and no manifest changed with it")

    def _stranger(self, place: tuple[str, str], digest: str) -> str:
        origin = self._origins.get(digest)
        if origin is not None and origin != place:
            return f"holds the ciphertext of {'/'.join(origin)}"
        return "the lock does not know this ciphertext: made by hand, or by another tool"

    def _added(self, told: partial[Change], place: tuple[str, str], digest: str, locked: LockedKey) -> Change:
        origin = self._origins.get(digest)
        if origin is not None and origin != place:
            return told(Word.COPIED, f"from {'/'.join(origin)}")
        return told(Word.ADDED, self._made_of(place, locked))

    def _made_of(self, place: tuple[str, str], locked: LockedKey) -> str:
        if (text := self._after.recipes.get(place)) is not None:
            return text
        return f"made of {', '.join(locked.values)}" if locked.values else "made of text alone"

    def _sealed_again(
        self, told: partial[Change], place: tuple[str, str], old: str, before: LockedKey | None, after: LockedKey
    ) -> Iterator[Change]:
        if before is None or before.ciphertext != old:
            yield told(Word.RESTORED, "sealed again: the ciphertext before was none that the lock knew")
            return
        if (origin := self._kept_of(place, after)) is not None:
            yield told(Word.COPIED, f"from {'/'.join(origin)}")
            return
        reasons = list(self._reasons(told, place, before, after))
        if not reasons and self._has_moved(place[0]):
            reasons = [told(Word.REENCRYPTED, "in another folder")]
        if not reasons and (before.scope, before.namespace) == (after.scope, after.namespace):
            detail = "sealed again with the same versions, recipe and certificate: nothing says why"
            reasons = [told(Word.UNEXPLAINED, detail, level=Level.UNEXPLAINED)]
        yield from reasons

    def _has_moved(self, secret: str) -> bool:
        folders = {posixpath.dirname(end.manifests[secret].file) for end in (self._before, self._after)}
        return len(folders) > 1

    def _kept_of(self, place: tuple[str, str], after: LockedKey) -> tuple[str, str] | None:
        """Return the key of the same Secret whose ciphertext it was, where the lock says of it what it said of that."""
        origin = self._origins.get(after.ciphertext)
        if origin is None or origin == place or origin[0] != place[0]:
            return None
        known = self._before.lock.keys.get(origin)
        return origin if known is not None and _alike(known, after) else None

    def _reasons(
        self, told: partial[Change], place: tuple[str, str], before: LockedKey, after: LockedKey
    ) -> Iterator[Change]:
        """Yield what explains a new ciphertext, but for another scope or namespace, which are told of the Secret."""
        changed = [
            shifted(name, before.values[name], self._after.lock.values[name])
            for name in after.values
            if name in before.values and before.values[name] != after.values[name]
        ]
        if changed:
            yield told(Word.VALUE, ", ".join(changed))
        if before.recipe != after.recipe:
            yield told(Word.RECIPE, self._recipes(place, before, after))
        if before.certificate != after.certificate and not changed and before.recipe == after.recipe:
            yield told(Word.REENCRYPTED, f"{before.certificate} → {after.certificate}")

    def _recipes(self, place: tuple[str, str], before: LockedKey, after: LockedKey) -> str:
        old, new = self._before.recipes.get(place), self._after.recipes.get(place)
        if old is not None and new is not None:
            return f"{old} → {new}"
        gone, come = before.values.keys() - after.values.keys(), after.values.keys() - before.values.keys()
        told = [f"{sign}{name}" for sign, names in (("-", gone), ("+", come)) for name in sorted(names)]
        return ", ".join(told) or "of the same values"

    # --- manifests ---

    def manifest(self, secret: str) -> Iterator[Change]:
        """Yield what changed in a manifest beside its ciphertexts."""
        old, new = self._before.manifests.get(secret), self._after.manifests.get(secret)
        if new is None:
            return
        told = partial(_change, secret=secret, key="", file=new.file, line=0)
        unexplained = partial(told, Word.UNEXPLAINED, level=Level.UNEXPLAINED)
        locked = self._bound.get(secret)
        if not locked:
            yield unexplained("a SealedSecret that the lock does not know")
        elif new.scope is not new.told_scope:
            yield unexplained(f"opens with the scope {new.scope}, but says {new.told_scope}")
        elif other := locked - {(new.scope, new.namespace)}:
            scope, namespace = min(other)
            yield unexplained(f"is {new.scope} in {new.namespace}, but the lock says {scope} in {namespace}")
        if old is None:
            # Of a new one, only what has power over more than what it seals.
            powers = {path: text for path, text in new.facts.items() if path.startswith(POWERS)}
            yield from self._metadata(told, {}, powers)
            return
        if old.scope is not new.scope:
            wider = list(Scope).index(new.scope) > list(Scope).index(old.scope)
            detail = f"{old.scope} → {new.scope}{': opens in more places' if wider else ''}"
            yield told(Word.SCOPE, detail, level=Level.TRUST if wider else Level.PLAIN)
        if old.namespace != new.namespace:
            yield told(Word.NAMESPACE, f"{old.namespace} → {new.namespace}", level=Level.TRUST)
        yield from self._metadata(told, old.facts, new.facts)

    @staticmethod
    def _metadata(told: partial[Change], old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
        for path in sorted({*old, *new}):
            before, after = old.get(path), new.get(path)
            if before != after:
                level = Level.TRUST if path.startswith(POWERS) else Level.PLAIN
                yield told(Word.METADATA, f"{_shortened(path)}: {shift(before, after)}", level=level)


def _change(
    word: Word, detail: str = "", *, secret: str, key: str, file: str, line: int, level: Level = Level.PLAIN
) -> Change:
    return Change(word, detail, secret, key, level, file, line)


def _alike(one: LockedKey, other: LockedKey) -> bool:
    """Tell whether the lock says the same of both, wherever they are."""
    return one == other or replace(one, filename="") == replace(other, filename="")


def _shortened(path: str) -> str:
    return path.removeprefix("spec.template.metadata.").removeprefix("spec.template.").removeprefix("metadata.")
