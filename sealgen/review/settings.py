"""What changed in an environment's file: the key that is trusted, what is run, how strong values are. Pure."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from sealgen.config.backends import PlainBackend, SealedSecretsBackend
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.errors import shortened
from sealgen.review.change import Change, Level, Word, shift
from sealgen.values.kept import Kept, is_rotatable
from sealgen.values.sources import SOURCE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sealgen.config.environment import Environment
    from sealgen.kubernetes.access import Subject
    from sealgen.values.stored import Stored
    from sealgen.values.value import Value

# Sources that reach beyond the environment file when somebody seals.
_REACHING = frozenset(SOURCE_NAMES) - {"literal", "generate", "prompt"}
# Of which less is weaker.
_NAMES = {"count": "bytes"}  # what the environment file calls it
_KINDS = {
    SealedSecretsBackend: "sealed-secrets",
    ExternalSecretsBackend: "external-secrets",
    PlainBackend: "plain",
}
_STRENGTH = ("bytes", "length", "bits", "min_length")


def settings_changes(before: Environment | None, after: Environment | None) -> list[Change]:
    """Return what changed between two states of an environment's file; None is one that is not there."""
    if after is None:
        return [] if before is None else [Change(Word.REMOVED, "the environment")]
    if before is None:
        return [Change(Word.ADDED, "the environment", file=after.file)]
    if before is after:  # whose files are the same
        return []
    return [
        *_trust(before, after),
        *_access(before, after),
        *_values(before, after),
        *_runbooks(before, after),
        *_rollout(before, after),
        *_rest(before, after),
    ]


def left_behind(left: Mapping[str, Sequence[str]], before: Environment | None) -> Iterator[Change]:
    """Yield the folders that are no longer the output and still hold manifests of Secrets."""
    for folder, secrets in left.items():
        detail = f"{folder}/ is no longer written to, and still holds {', '.join(secrets)}"
        yield Change(Word.SETTING, detail, level=Level.TRUST, file=before.file if before else "")


def _trust(before: Environment, after: Environment) -> Iterator[Change]:
    told = partial(Change, file=after.file, level=Level.TRUST)
    old, new = before.backend, after.backend
    if type(old) is not type(new):
        yield told(Word.SETTING, f"backend.kind: {_KINDS[type(old)]} → {_KINDS[type(new)]}")
    elif isinstance(old, SealedSecretsBackend) and isinstance(new, SealedSecretsBackend):
        yield from _backend(old, new, told)
    if before.namespace != after.namespace:
        yield told(Word.NAMESPACE, f"the environment's: {before.namespace} → {after.namespace}")
    if before.output != after.output:
        yield told(Word.SETTING, f"output: {before.output} → {after.output}")
    for name in sorted({*before.stores, *after.stores}):
        if before.stores.get(name) != after.stores.get(name):
            yield told(Word.SETTING, f"stores.{name} changed: values, and who signs in, may be led elsewhere")


def _backend(old: SealedSecretsBackend, new: SealedSecretsBackend, told: partial[Change]) -> Iterator[Change]:
    if old.fingerprint != new.fingerprint:
        detail = f"the pin is another key: {old.fingerprint} → {new.fingerprint}"
        yield told(Word.CERTIFICATE, detail, line=new.fingerprint_at.line)
    if old.certificate != new.certificate:
        yield told(Word.CERTIFICATE, f"read from {new.certificate}, no longer from {old.certificate}")
    if old.scope != new.scope:
        yield told(Word.SCOPE, f"the environment's: {old.scope} → {new.scope}")
    if old.certificate_changed != new.certificate_changed:
        detail = f"certificate_changed: {old.certificate_changed} → {new.certificate_changed}"
        yield told(Word.SETTING, detail, level=Level.PLAIN)


def _values(before: Environment, after: Environment) -> Iterator[Change]:
    for name in sorted({*before.values, *after.values}):
        old, new = before.values.get(name), after.values.get(name)
        if new is None:
            yield Change(Word.REMOVED, f"the value {name}", file=after.file)
        elif old is None:
            yield _rated(Word.ADDED, f"the value {name}, {_source(new)}", after, new.source.kind in _REACHING)
            yield from _rules(name, None, new, after)
        elif old != new:
            yield from _value(name, old, new, after)


def _value(name: str, old: Value, new: Value, after: Environment) -> Iterator[Change]:
    reaching = new.source.kind in _REACHING
    if old.source.kind != new.source.kind:
        yield _rated(Word.SOURCE, f"{name}: {_source(old)} → {_source(new)}", after, reaching)
    elif old.specification != new.specification and not is_rotatable(new.source):
        yield _rated(Word.SOURCE, f"{name}: {_otherwise(old, new)}", after, reaching)
    elif (before_kept := _kept(old)) != (now_kept := _kept(new)):
        yield _rated(Word.SOURCE, f"{name}: kept {before_kept} → kept {now_kept}", after, True)
    before, now = _strength(old), _strength(new)
    if told := _shifts(before, now):
        weaker = any(_is_weaker(field, before.get(field), now.get(field)) for field in _differing(before, now))
        yield _rated(Word.SPECIFICATION, f"{name}: {told}{': weaker' if weaker else ''}", after, weaker)
    yield from _rules(name, old, new, after)


def _rules(name: str, old: Value | None, new: Value, after: Environment) -> Iterator[Change]:
    """Yield what becomes of a value beside being sealed: where it is kept, and who reads it back."""
    if old is None or old.recover != new.recover:
        if new.recover:
            detail = f"{name}: recover: {new.recover}, so that who seals reads it back from the live Secret"
            yield Change(Word.SETTING, detail, file=after.file, level=Level.TRUST)
        elif old is not None:
            yield Change(Word.SETTING, f"{name}: no longer read back from the {old.recover}", file=after.file)
    made_by = [one is not None and one.operator is not None for one in (old, new)]
    if made_by[0] != made_by[1]:
        detail = f"{name}: made by {'the operator' if new.operator else 'sealgen'}"
        yield Change(Word.SETTING, detail, file=after.file, level=Level.TRUST)
    was = old.keep_previous if old else None
    if was != new.keep_previous:
        yield Change(Word.SETTING, f"{name}: keep_previous: {shift(was, new.keep_previous)}", file=after.file)


def _strength(value: Value) -> dict[str, object]:
    """Return what says how a value is made, and the rules that it must keep to, as the environment file calls them."""
    made = dict(value.source.specification()) if is_rotatable(value.source) else {}
    named = {_NAMES.get(field, field): found for field, found in made.items()}
    return named | {field: found for field, found in asdict(value.rules).items() if found is not None}


def _shifts(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    return ", ".join(
        f"{field} {_shown(before.get(field))} → {_shown(after.get(field))}" for field in _differing(before, after)
    )


def _shown(said: object) -> str:
    if said is None:
        return "none"
    return shortened(" ".join(map(str, said)) if isinstance(said, list | tuple) else str(said))


def _otherwise(old: Value, new: Value) -> str:
    """Say what a source that is read says otherwise; a literal is not repeated."""
    if new.source.kind == "literal":
        return "another literal"
    before, after = (dict(value.source.specification()) for value in (old, new))
    return _shifts(before, after) or f"another {new.source.kind}"


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return [field for field in sorted({*before, *after}) if before.get(field) != after.get(field)]


def _is_weaker(field: str, before: object, after: object) -> bool:
    if field == "lint":
        return before == "error"
    if field == "pattern":
        return before is not None
    if field == "rotate_every":
        return isinstance(before, int) and (after is None or (isinstance(after, int) and after > before))
    return field in _STRENGTH and isinstance(before, int) and (not isinstance(after, int) or after < before)


def _source(value: Value) -> str:
    """Say where a value comes from; of what is read, what names it there."""
    named = None if value.source.kind == "literal" else value.source.specification().get(value.source.kind)
    told = f"{value.source.kind} {_shown(named)}" if named and not is_rotatable(value.source) else value.source.kind
    return f"{'made' if is_rotatable(value.source) else 'read'} ({told})"


def _kept(value: Value) -> str:
    """Return where a generated value is kept, in few words."""
    if not isinstance(value.source, Kept):
        return "nowhere"
    return f"in {_place(value.source.stored)}"


def _place(stored: Stored) -> str:
    """Return a place in a store in few words, as ``vault secret/aura, property jwt``."""
    said = {**stored.specification(), "property": ".".join(stored.part.property)}
    return ", ".join(f"{name} {text}" for name, text in said.items() if text)


def _access(before: Environment, after: Environment) -> Iterator[Change]:
    old, new = ({(grant.name, grant.namespace): grant for grant in end.access} for end in (before, after))
    for name, namespace in sorted({*old, *new}):
        was, now = old.get((name, namespace)), new.get((name, namespace))
        if now is None:
            yield Change(Word.ACCESS, f"{name} is gone", file=after.file)
        elif was != now:
            subjects = ", ".join(_who(subject) for subject in now.subjects)
            detail = f"{name}: {subjects} may {', '.join(now.verbs)} {', '.join(now.secrets)}"
            yield Change(Word.ACCESS, detail, file=after.file, level=Level.TRUST)


def _who(subject: Subject) -> str:
    return f"{subject.kind} {f'{subject.namespace}/' if subject.namespace else ''}{subject.name}"


def _rollout(before: Environment, after: Environment) -> Iterator[Change]:
    old, new = before.rollout, after.rollout
    for workload in sorted({*old.annotation, *new.annotation}):
        was, now = old.annotation.get(workload), new.annotation.get(workload)
        if now is None:
            yield Change(Word.SETTING, f"rollout: {workload} is no longer annotated", file=after.file)
        elif was != now:
            detail = f"rollout: {workload} is annotated with {', '.join(now)}"
            yield Change(Word.SETTING, detail, file=after.file)
    for secret in sorted(old.suffix ^ new.suffix):
        told = "gets a digest in its name" if secret in new.suffix else "gets its name without a digest"
        yield Change(Word.SETTING, f"rollout: {secret} {told}", file=after.file)


def _runbooks(before: Environment, after: Environment) -> Iterator[Change]:
    for name, now in sorted(after.runbooks.items()):
        old = before.runbooks.get(name, ())
        if [step.digest for step in old] != [step.digest for step in now]:
            detail = f"the steps around {name}: 'sealgen rotate --execute' runs these programs"
            yield Change(Word.SETTING, detail, file=after.file, level=Level.TRUST)


def _rest(before: Environment, after: Environment) -> Iterator[Change]:
    for name in sorted({*before.push, *after.push}):
        old, new = before.push.get(name), after.push.get(name)
        if old is None and new is not None:
            yield _rated(Word.SETTING, f"push: {name} is put into {_place(new)}", after, True)
        elif old is not None and new is None:
            yield _rated(Word.SETTING, f"push: {name} is no longer put into {_place(old)}", after, False)
        elif old is not None and new is not None and _place(old) != _place(new):
            yield _rated(Word.SETTING, f"push: {name} is put into {_place(new)}, not {_place(old)}", after, True)
    if before.lint != after.lint:
        yield _rated(Word.SETTING, f"lint: {before.lint} → {after.lint}", after, after.lint == "warn")
    if before.policy != after.policy:
        weaker = after.policy.is_weaker(before.policy)
        yield _rated(Word.SETTING, f"policy changed{': it allows more' if weaker else ''}", after, weaker)
    if before.cluster != after.cluster:
        yield Change(Word.SETTING, "cluster: another way to reach it", file=after.file)


def _rated(word: Word, detail: str, after: Environment, is_risky: bool) -> Change:
    return Change(word, detail, file=after.file, level=Level.TRUST if is_risky else Level.PLAIN)
