"""What changed in an environment's file: the key that is trusted, what is run, how strong values are. Pure."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from sealgen.config.environment import SealedSecretsBackend
from sealgen.review.change import Change, Level, Word
from sealgen.values.sources import SOURCE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.config.environment import Environment
    from sealgen.values.value import Value

# Sources that reach beyond the environment file when somebody seals.
_REACHING = frozenset(SOURCE_NAMES) - {"literal", "generate", "prompt"}
# Of which less is weaker.
_NAMES = {"count": "bytes"}  # what the environment file calls it
_STRENGTH = ("bytes", "length", "bits", "min_length")


def settings_changes(before: Environment | None, after: Environment | None) -> list[Change]:
    """Return what changed between two states of an environment's file; None is one that is not there."""
    if after is None:
        return [] if before is None else [Change(Word.REMOVED, "the environment")]
    if before is None:
        return [Change(Word.ADDED, "the environment", file=after.file)]
    return [*_trust(before, after), *_access(before, after), *_values(before, after), *_rest(before, after)]


def _trust(before: Environment, after: Environment) -> Iterator[Change]:
    told = partial(Change, file=after.file, level=Level.TRUST)
    old, new = before.backend, after.backend
    if type(old) is not type(new):
        yield told(Word.SETTING, "backend.kind changed")
    elif isinstance(old, SealedSecretsBackend) and isinstance(new, SealedSecretsBackend):
        if old.fingerprint != new.fingerprint:
            line = new.fingerprint_at.line
            detail = f"the pin is another key: {old.fingerprint} → {new.fingerprint}"
            yield told(Word.CERTIFICATE, detail, line=line)
        if old.certificate != new.certificate:
            yield told(Word.CERTIFICATE, f"read from {new.certificate}, no longer from {old.certificate}")
        if old.scope != new.scope:
            yield told(Word.SCOPE, f"the environment's: {old.scope} → {new.scope}")
    if before.namespace != after.namespace:
        yield told(Word.NAMESPACE, f"the environment's: {before.namespace} → {after.namespace}")
    if before.output != after.output:
        yield told(Word.SETTING, f"output: {before.output} → {after.output}")
    for name in sorted({*before.stores, *after.stores}):
        if before.stores.get(name) != after.stores.get(name):
            yield told(Word.SETTING, f"stores.{name} changed: values, and who signs in, may be led elsewhere")


def _values(before: Environment, after: Environment) -> Iterator[Change]:
    for name in sorted({*before.values, *after.values}):
        old, new = before.values.get(name), after.values.get(name)
        if new is None:
            yield Change(Word.REMOVED, f"the value {name}", file=after.file)
        elif old is None:
            yield _rated(Word.ADDED, f"the value {name}, {_source(new)}", after, new.source.kind in _REACHING)
        else:
            yield from _value(name, old, new, after)


def _value(name: str, old: Value, new: Value, after: Environment) -> Iterator[Change]:
    reaching = new.source.kind in _REACHING
    if old.source.kind != new.source.kind:
        yield _rated(Word.SOURCE, f"{name}: {_source(old)} → {_source(new)}", after, reaching)
    elif old.specification != new.specification and not new.source.made:
        yield _rated(Word.SOURCE, f"{name}: another {new.source.kind}", after, reaching)
    before, now = _strength(old), _strength(new)
    told = [f"{field} {before.get(field, 'none')} → {now.get(field, 'none')}" for field in _differing(before, now)]
    if told:
        weaker = any(_is_weaker(field, before.get(field), now.get(field)) for field in _differing(before, now))
        yield _rated(Word.SPECIFICATION, f"{name}: {', '.join(told)}{': weaker' if weaker else ''}", after, weaker)


def _strength(value: Value) -> dict[str, object]:
    """Return what says how a value is made, and the rules that it must keep to, as the environment file calls them."""
    made = dict(value.source.specification()) if value.source.made else {}
    rules = {"min_length": value.rules.min_length, "rotate_every": value.rules.rotate_every}
    named = {_NAMES.get(field, field): found for field, found in made.items()}
    return named | {field: found for field, found in rules.items() if found is not None}


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return [field for field in sorted({*before, *after}) if before.get(field) != after.get(field)]


def _is_weaker(field: str, before: object, after: object) -> bool:
    if field == "rotate_every":
        return isinstance(before, int) and (after is None or (isinstance(after, int) and after > before))
    return field in _STRENGTH and isinstance(before, int) and (not isinstance(after, int) or after < before)


def _source(value: Value) -> str:
    return f"{'made' if value.source.made else 'read'} ({value.source.kind})"


def _access(before: Environment, after: Environment) -> Iterator[Change]:
    old, new = ({(grant.name, grant.namespace): grant for grant in end.access} for end in (before, after))
    for name, namespace in sorted({*old, *new}):
        was, now = old.get((name, namespace)), new.get((name, namespace))
        if now is None:
            yield Change(Word.ACCESS, f"{name} is gone", file=after.file)
        elif was != now:
            subjects = ", ".join(f"{subject.kind} {subject.name}" for subject in now.subjects)
            detail = f"{name}: {subjects} may {', '.join(now.verbs)} {', '.join(now.secrets)}"
            yield Change(Word.ACCESS, detail, file=after.file, level=Level.TRUST)


def _rest(before: Environment, after: Environment) -> Iterator[Change]:
    if before.lint != after.lint:
        yield _rated(Word.SETTING, f"lint: {before.lint} → {after.lint}", after, after.lint == "warn")
    if before.policy != after.policy:
        weaker = after.policy.is_weaker(before.policy)
        yield _rated(Word.SETTING, f"policy changed{': it allows more' if weaker else ''}", after, weaker)
    if before.cluster != after.cluster:
        yield Change(Word.SETTING, "cluster: another way to reach it", file=after.file)


def _rated(word: Word, detail: str, after: Environment, is_risky: bool) -> Change:
    return Change(word, detail, file=after.file, level=Level.TRUST if is_risky else Level.PLAIN)
