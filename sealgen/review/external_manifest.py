"""What changed in manifests of the External Secrets Operator: what it makes, of what, and where it reads. Pure."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from sealgen.errors import shortened
from sealgen.kubernetes import push_secret
from sealgen.kubernetes.external_secret import API_GROUP
from sealgen.review.change import Change, Level, Word, shift

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


# --- stores ---


def store_changes(old: ExternalObject | None, new: ExternalObject | None) -> Iterator[Change]:
    """Yield what changed in a store: who moves it elsewhere gives values, or gets them."""
    if old and new and old.kind != new.kind:
        told = f"{old.kind} → {new.kind} {new.name}{wider(old.kind, new.kind)}"
        yield Change(Word.STORE, told, file=new.file, level=Level.TRUST)
    yield from _object_changes(Word.STORE, _PROVIDER, old, new)


def generated_changes(old: ExternalObject | None, new: ExternalObject | None) -> Iterator[Change]:
    """Yield what changed in what the operator makes values with, or puts into a store."""
    one = new or old
    assert one is not None  # noqa: S101
    word = Word.STORE if one.kind == push_secret.KIND else Word.SPECIFICATION
    yield from _object_changes(word, "spec.", old, new)


def _object_changes(word: Word, begin: str, old: ExternalObject | None, new: ExternalObject | None) -> Iterator[Change]:
    """Yield what changed in an object; of a new one all that ``begin`` begins."""
    one = new or old
    assert one is not None  # noqa: S101
    told = partial(Change, word, file=one.file, level=Level.TRUST)
    if new is None:
        yield replace(told(f"{one.kind} {one.name} is gone"), level=Level.PLAIN)
    elif old is None:
        facts = ", ".join(f"{_shortened(path)} {text}" for path, text in new.facts.items() if path.startswith(begin))
        yield told(f"{new.kind} {new.name}, new: {shortened(facts, _SHOWN)}")
    else:
        if old.namespace != new.namespace and old.kind == new.kind:
            yield told(f"{new.name}: namespace {old.namespace} → {new.namespace}")
        for path in _differing(old.facts, new.facts):
            if path not in ("kind", "metadata.namespace", "apiVersion"):
                yield told(f"{new.name}: {_shortened(path)}: {_shift(old.facts.get(path), new.facts.get(path))}")


_PROVIDER = "spec.provider."


# --- ExternalSecrets ---


class Secrets:
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
            yield told(Word.STORE, f"{was} → {now}{wider(was, now)}", level=Level.TRUST)

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


def wider(before: str, after: str) -> str:
    """Return the words for a store that was one namespace's and is one of all."""
    is_wider = after.startswith("Cluster") and not before.startswith("Cluster")
    return ": one of all namespaces" if is_wider else ""
