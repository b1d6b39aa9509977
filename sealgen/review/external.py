"""What changed in an environment of External Secrets: where the operator reads, and what it makes of it. Pure.

Such manifests are readable, and follow from the environment file and the templates alone: one that changed into
something else is a finding, whatever it says.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import shortened
from sealgen.kubernetes.external_secret import API_GROUP
from sealgen.review.change import Change, Level, Word, shift
from sealgen.review.locked import shifted
from sealgen.values.version import counter_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sealgen.review.end import End
    from sealgen.review.external_end import ExternalEnd, ExternalObject

_SHOWN = 200  # characters of what a store is
_OF_BACKEND = {
    "spec.refreshInterval": "refresh_interval",
    "spec.target.creationPolicy": "creation_policy",
    "spec.target.deletionPolicy": "deletion_policy",
    "apiVersion": "api_version",
}
"""The fields that the environment's backend says for all of its Secrets, by their paths in the manifest."""
_METADATA = ("metadata.labels.", "metadata.annotations.", "spec.target.template.metadata.")
_HARMLESS = {*_OF_BACKEND, "spec.target.immutable", "spec.target.template.type", "spec.target.template.engineVersion"}
_APART = {
    "kind",
    "metadata.name",
    "metadata.namespace",
    "spec.target.name",
    "spec.secretStoreRef.kind",
    "spec.secretStoreRef.name",
}
_SHORT = (
    "spec.provider.",
    "spec.target.template.metadata.",
    "spec.target.template.",
    "spec.target.",
    "spec.",
    "metadata.",
)


def external_changes(before: End, after: End, file: str) -> Iterator[Change]:
    """Yield what changed in the operator's objects and in the versions of their values; ``file`` is the lock's."""
    if not (is_external(before) or is_external(after)):
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
            told + _wider(was, now) if is_store else told,
            level=Level.TRUST if is_store else Level.PLAIN,
            file=environment_file,
        )
    secrets = _Secrets(old, new, shifts)
    for identity in sorted({*old.objects, *new.objects}):
        changes_of = _store if identity[0] == "store" else secrets.changes
        yield from changes_of(old.objects.get(identity), new.objects.get(identity))
    if is_external(before) and is_external(after):
        yield from _versions(before, after, file)


def is_external(end: End) -> bool:
    """Tell whether an end is an environment of External Secrets."""
    return _backend(end) is not None


def _backend(end: End) -> ExternalSecretsBackend | None:
    backend = end.environment.backend if end.environment else None
    return backend if isinstance(backend, ExternalSecretsBackend) else None


def moved(changes: Iterable[Change], before: End, after: End) -> list[Change]:
    """Return the changes; what is gone as a sealed key and came as one that the operator makes has moved, or back."""
    changes = list(changes)
    if is_external(before) == is_external(after):
        return changes
    gone, come = ({one.place for one in changes if one.key and one.word is word} for word in (Word.REMOVED, Word.ADDED))
    detail = "sealed → made by the operator" if is_external(after) else "made by the operator → sealed"
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
        yield Change(Word.UNEXPLAINED, f"{posixpath.basename(path)} {told}", level=Level.UNEXPLAINED, file=path)


# --- what an environment's backend says for all ---


def _shifts(before: End, after: End) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield what the backend says otherwise of all Secrets, before and after."""
    old, new = _backend(before), _backend(after)
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


def _wider(before: str, after: str) -> str:
    is_wider = after.startswith("Cluster") and not before.startswith("Cluster")
    return ": one of all namespaces" if is_wider else ""


# --- stores ---


def _store(old: ExternalObject | None, new: ExternalObject | None) -> Iterator[Change]:
    """Yield what changed in a store: who moves it elsewhere gives values, or gets them."""
    one = new or old
    assert one is not None  # noqa: S101
    told = partial(Change, Word.STORE, file=one.file, level=Level.TRUST)
    if new is None:
        yield replace(told(f"{one.kind} {one.name} is gone"), level=Level.PLAIN)
    elif old is None:
        facts = ", ".join(
            f"{_shortened(path)} {text}" for path, text in new.facts.items() if path.startswith(_PROVIDER)
        )
        yield told(f"{new.kind} {new.name}, new: {shortened(facts, _SHOWN)}")
    else:
        if old.kind != new.kind:
            yield told(f"{old.kind} → {new.kind} {new.name}{_wider(old.kind, new.kind)}")
        if old.namespace != new.namespace and old.kind == new.kind:
            yield told(f"{new.name}: namespace {old.namespace} → {new.namespace}")
        for path in _differing(old.facts, new.facts):
            if path not in ("kind", "metadata.namespace", "apiVersion"):
                yield told(f"{new.name}: {_shortened(path)}: {_shift(old.facts.get(path), new.facts.get(path))}")


_PROVIDER = "spec.provider."


# --- ExternalSecrets ---


class _Secrets:
    """The ExternalSecrets of both ends; ``shifts`` are told once, and not of each."""

    def __init__(self, before: ExternalEnd, after: ExternalEnd, shifts: Mapping[str, tuple[str, str]]) -> None:
        self._before = before
        self._after = after
        self._shifts = shifts

    def changes(self, old: ExternalObject | None, new: ExternalObject | None) -> Iterator[Change]:
        """Yield what changed in one."""
        if new is None:
            assert old is not None  # noqa: S101
            for key in sorted(old.template):
                yield Change(Word.REMOVED, "", old.secret, key, file=old.file)
            return
        told = partial(Change, secret=new.secret, file=new.file)
        if old is None:
            for key in sorted(new.template):
                yield told(Word.ADDED, _made_of(self._after, new, key), key=key, line=new.lines[key])
            yield from self._facts(told, {}, {path: text for path, text in new.facts.items() if _is_power(path)})
            return
        yield from self._reaches(told, old, new)
        yield from self._facts(told, old.facts, new.facts)
        for name in _differing(old.data, new.data):
            yield _place(told, name, old.data.get(name), new.data.get(name))
        for key in _differing(old.template, new.template):
            yield from self._key(told, key, old, new)

    def _reaches(self, told: partial[Change], old: ExternalObject, new: ExternalObject) -> Iterator[Change]:
        """Yield which Secret it is now, where, and of which store."""
        if old.secret != new.secret:
            yield told(Word.METADATA, f"the Secret's name: {old.secret} → {new.secret}", level=Level.TRUST)
        if old.namespace != new.namespace:
            yield told(Word.NAMESPACE, f"{old.namespace} → {new.namespace}", level=Level.TRUST)
        was, now = (f"{one.facts.get(_KIND, 'SecretStore')} {one.facts.get(_NAME, '')}" for one in (old, new))
        if was != now and (was, now) != self._shifts.get("secret_store"):
            yield told(Word.STORE, f"{was} → {now}{_wider(was, now)}", level=Level.TRUST)

    def _facts(self, told: partial[Change], old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
        for path in _differing(old, new):
            was, now = old.get(path), new.get(path)
            if path in _APART or self._shifts.get(_OF_BACKEND.get(path, ""), ()) == (_version(was), _version(now)):
                continue
            word = Word.SETTING if path in _OF_BACKEND else Word.METADATA
            level = Level.TRUST if _is_power(path) else Level.PLAIN
            yield told(word, f"{_shortened(path)}: {_shift(was, now)}", level=level)

    def _key(self, told: partial[Change], key: str, old: ExternalObject, new: ExternalObject) -> Iterator[Change]:
        was, now = old.template.get(key), new.template.get(key)
        if now is None:
            yield told(Word.REMOVED, key=key)
        elif was is None:
            yield told(Word.ADDED, _made_of(self._after, new, key), key=key, line=new.lines[key])
        else:
            before, after = _made_of(self._before, old, key), _made_of(self._after, new, key)
            detail = f"{before} → {after}" if before != after else "another literal in it"
            yield told(Word.RECIPE, detail, key=key, line=new.lines[key])


def _made_of(end: ExternalEnd, made: ExternalObject, key: str) -> str:
    """Return the recipe of a key, if it is made of one."""
    return end.recipes.get((made.file, key, made.template[key]), "a template that is not ours")


_KIND, _NAME = "spec.secretStoreRef.kind", "spec.secretStoreRef.name"


def _is_power(path: str) -> bool:
    """Tell whether a field may bring in more than the keys that are told by themselves."""
    return path not in _HARMLESS | _APART and not path.startswith(_METADATA)


def _place(told: partial[Change], name: str, old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> Change:
    """Return that a value is read elsewhere; of another version of the same there is nothing to fear."""
    elsewhere = old is None or new is None or {*_differing(old, new)} - {"remoteRef.version"}
    level = Level.TRUST if elsewhere and new is not None else Level.PLAIN
    was, now = (None if one is None else _where(one) for one in (old, new))
    return told(Word.PLACE, f"{shortened(name)}: {shift(was, now)}", level=level)


def _where(facts: Mapping[str, str]) -> str:
    """Return a place for people: its name in the store, and what is read of it."""
    rest = (
        f"{path.removeprefix('remoteRef.')} {shortened(text)}"
        for path, text in facts.items()
        if path != "remoteRef.key"
    )
    return ", ".join((shortened(facts.get("remoteRef.key", "nothing")), *rest))


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


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return [path for path in sorted({*before, *after}) if before.get(path) != after.get(path)]


def _shift(before: str | None, after: str | None) -> str:
    was, now = (None if text is None else shortened(text) for text in (before, after))
    return shift(was, now)


def _version(text: str | None) -> str:
    """Return what a field says, of an API's version without its group."""
    return (text or "").removeprefix(f"{API_GROUP}/")


def _shortened(path: str) -> str:
    for begin in _SHORT:
        if path.startswith(begin):
            return path.removeprefix(begin)
    return path
