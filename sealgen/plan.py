"""The plan: what is wanted, against the lock and the overlay, gives one action a key and one reason an action.

Pure, and known before any plaintext is: versions and digests are all it compares.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sealgen.values.version import counter_of, made_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

    from sealgen.kubernetes.sealed_secret import Scope
    from sealgen.lock import Lock, LockedKey


class Action(StrEnum):
    """What happens to a key."""

    KEEP = "keep"
    SEAL = "seal"
    WRITE = "write"
    COPY = "copy"
    DROP = "drop"
    REWRITE = "rewrite"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why; one for each action."""

    UNCHANGED = "unchanged"
    NEW = "new key"
    VALUE = "value changed"
    RECIPE = "recipe changed"
    SCOPE = "scope changed"
    NAMESPACE = "namespace changed"
    ROTATED = "rotated"
    CERTIFICATE = "certificate changed"
    MISSING = "ciphertext missing"
    ALTERED = "ciphertext altered outside sealgen"
    METADATA = "metadata changed"
    ACCESS = "access changed"
    ROLLOUT = "rollout changed"
    PLACE = "place in the store changed"
    BACKEND = "backend changed"
    FILENAME = "file renamed"
    ENTRY = "kustomization entry missing"
    FOREIGN = "added outside sealgen"
    PREVIOUS = "previous version kept"
    FINISHED = "rotation finished"
    NO_KEY = "no longer in the template"
    NO_ENTRY = "no longer in the environment"
    UNREADABLE = "can't tell"


class DesiredKey(NamedTuple):
    """A key as the template wants it."""

    recipe: str
    """Digest of the recipe."""
    values: tuple[str, ...]
    """The values that the recipe refers to, each once, sorted."""
    previous: str = ""
    """The key that keeps the version before of its one value; empty for none."""


@dataclass(frozen=True)
class DesiredSecret:
    """A Secret as the environment and its template want it."""

    name: str
    namespace: str
    scope: Scope
    filename: str
    keys: Mapping[str, DesiredKey]


@dataclass(frozen=True, slots=True)
class Made:
    """A value that is made once and stored nowhere; ``version`` is that of the lock, None before the first."""

    version: str | None


@dataclass(frozen=True, slots=True)
class Read:
    """A value that can be read again, and its version now."""

    version: str
    is_kept: bool = False
    """Whether it is made here and kept in a store, so that another version of it is the next one."""
    to_put: str = ""
    """Where this run puts it, which has made it; empty for one that is there."""


@dataclass(frozen=True)
class Unreadable:
    """A value that this machine can't tell the version of."""

    reason: str


class Step(NamedTuple):
    """One action on one key."""

    secret: str
    """Empty where the step is on files beside the Secrets."""
    key: str
    """Empty where the step is on the manifest itself (REWRITE)."""
    action: Action
    reason: Reason
    detail: str = ""
    """What the reason leaves open: values and versions, what is missing, what to do."""
    source: str = ""
    """Of a key that keeps a version before: the key whose version that is, and whose ciphertext a COPY takes."""
    field: str = ""
    """Of files beside the Secrets: the field of the environment file that they come from."""


def touched(steps: Iterable[Step]) -> set[str]:
    """Return the Secrets of which some step changes something."""
    return {step.secret for step in steps if step.action is not Action.KEEP}


@dataclass(frozen=True)
class Plan:
    """All steps, in the order of the environment file and the templates; what was dropped comes last."""

    steps: tuple[Step, ...]
    made: tuple[str, ...]
    """The values that sealing makes anew, sorted."""
    missing: tuple[str, ...]
    """The values, sorted, that were made once and never stored, and whose next version unblocks every step: those
    that a blocked step needs, and those that the keys made of them need in turn."""
    versions: Mapping[str, str]
    """The version that each known value has once the plan is carried out."""
    beside: tuple[Step, ...] = ()
    """What becomes of the overlay's files beside the Secrets; nothing of those that stay as they are."""
    previous: int = 0
    """How many keys keep a version before, once all is carried out; the templates know nothing of them."""

    @property
    def rows(self) -> tuple[Step, ...]:
        """All steps, with those on files beside the Secrets."""
        return (*self.steps, *self.beside)

    def having(self, *actions: Action) -> Iterator[Step]:
        """Yield the steps with one of these actions."""
        return (step for step in self.steps if step.action in actions)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return any(step.action is not Action.KEEP for step in self.rows)

    @property
    def stuck(self) -> bool:
        """Whether some step is blocked or unknown, so that nothing can be sealed."""
        return any(self.having(Action.BLOCKED, Action.UNKNOWN))


def plan(
    desired: Sequence[DesiredSecret],
    values: Mapping[str, Made | Read | Unreadable],
    lock: Lock,
    ciphertexts: Mapping[tuple[str, str], str],
    certificate: str,
    *,
    token: str,
    rewrite: Mapping[str, Reason] = MappingProxyType({}),
    rotate: Set[str] = frozenset(),
    finish: Set[str] = frozenset(),
    reseal: Set[str] = frozenset(),
    live: Mapping[tuple[str, str], Mapping[str, str]] = MappingProxyType({}),
) -> Plan:
    """Compare what is wanted with what is there.

    ``ciphertexts`` are the SHA-256 digests found in the overlay, by Secret and key; ``certificate`` is the pin;
    ``token``, eight random hexadecimal digits, goes into the versions that this plan makes;
    ``rewrite`` are the Secrets whose manifest changes even if every ciphertext stays;
    ``rotate`` names values to make the next version of, ``finish`` those whose version before is no longer kept,
    ``reseal`` fingerprints of certificates whose ciphertexts
    are to be sealed again with the present one; ``live`` has, by Secret and key, the values of that key that were
    never stored and can be read back from the cluster all the same, and where from.
    """
    used = {value for secret in desired for key in secret.keys.values() for value in key.values}
    versions, made = _versions(used, values, rotate, token)
    in_stores = {name for name in used if isinstance(state := values[name], Read) and state.is_kept}
    steps = []
    blocking: set[str] = set()
    for secret in desired:
        if secret.name in rewrite:
            steps.append(Step(secret.name, "", Action.REWRITE, rewrite[secret.name]))
        for name, key in secret.keys.items():
            locked = lock.keys.get((secret.name, name))
            found = ciphertexts.get((secret.name, name))
            reason, detail = _reason(secret, key, locked, found, versions, made, certificate, rotate, reseal)
            at_hand = live.get((secret.name, name), {})
            gone = [value for value in key.values if isinstance(values[value], Made) and value not in made]
            lost = [value for value in gone if value not in at_hand]
            read_back = [at_hand[value] for value in gone if value in at_hand]
            action, reason, detail = _action(key, reason, detail, values, lost, read_back)
            blocking.update(lost if action is Action.BLOCKED else ())
            before = _before(secret, name, lock, ciphertexts, versions, made, in_stores, finish, reseal)
            if before is not None and before.lost:
                detail = _and(detail, f"{key.previous} can't keep the version before: {before.lost}")
            steps.append(Step(secret.name, name, action, reason, detail))
            if before is not None and before.step is not None:
                steps.append(before.step)
    previous = sum(bool(step.source) and step.action is not Action.DROP for step in steps)
    steps.extend(_dropped(desired, lock, ciphertexts, {(step.secret, step.key) for step in steps}))
    stored_nowhere = {name for name in used - made if isinstance(values[name], Made)}
    needs = [
        stored_nowhere & set(key.values) - live.get((secret.name, name), {}).keys()
        for secret in desired
        for name, key in secret.keys.items()
    ]
    missing = _with_companions(blocking, needs)
    return Plan(tuple(steps), tuple(sorted(made)), tuple(sorted(missing)), versions, previous=previous)


def _versions(
    used: Set[str], values: Mapping[str, Made | Read | Unreadable], rotate: Set[str], token: str
) -> tuple[dict[str, str], set[str]]:
    """Return the version that each known value is to have, and those that are made anew."""
    versions: dict[str, str] = {}
    made: set[str] = set()
    for name in sorted(used):
        state = values[name]
        if isinstance(state, Read):
            versions[name] = state.version
        elif isinstance(state, Made):
            versions[name] = state.version or ""
            if not state.version or name in rotate:
                made.add(name)
                versions[name] = made_version((counter_of(versions[name]) or 0) + 1, token)
    return versions, made


@dataclass(frozen=True, slots=True)
class _Before:
    """What becomes of the version before of a key."""

    step: Step | None = None
    lost: Reason | None = None
    """Why it can't be kept, where a new one is made now."""


def _before(
    secret: DesiredSecret,
    name: str,
    lock: Lock,
    ciphertexts: Mapping[tuple[str, str], str],
    versions: Mapping[str, str],
    made: Set[str],
    in_stores: Set[str],
    finish: Set[str],
    reseal: Set[str],
) -> _Before | None:
    """Decide on the key that keeps the version before of ``name``, which is one value alone; None if none keeps it.

    Within a Secret all ciphertexts have one label, so that one moves as it is; with another label it can't be opened.
    """
    key = secret.keys[name]
    if not key.previous:
        return None
    (value,) = key.values
    present, kept = (lock.keys.get((secret.name, place)) for place in (name, key.previous))

    def step(action: Action, reason: Reason, detail: str = "") -> Step:
        return Step(secret.name, key.previous, action, reason, detail, source=name)

    why: Reason | None
    # In a store another run may have found or made the next version.
    found = value in in_stores and present is not None and present.values.get(value) != versions[value]
    if present is not None and (value in made or found):
        if (why := _lost(secret, key, present, ciphertexts.get((secret.name, name)), reseal)) is None:
            return _Before(step(Action.COPY, Reason.PREVIOUS, _numbered(value, present)))
        return _Before(step(Action.DROP, why) if kept else None, why)
    if kept is None:
        return _Before()
    if value in finish:
        why = Reason.FINISHED
    elif kept.values.keys() != {value} or kept.values[value] == versions.get(value):
        why = Reason.NO_KEY  # it was a key like any other
    else:
        why = _lost(secret, key, kept, ciphertexts.get((secret.name, key.previous)), reseal)
    if why is not None:
        return _Before(step(Action.DROP, why))
    return _Before(step(Action.KEEP, Reason.UNCHANGED, f"the version before: {_numbered(value, kept)}"))


def _lost(
    secret: DesiredSecret, key: DesiredKey, locked: LockedKey, found: str | None, reseal: Set[str]
) -> Reason | None:
    """Say why a ciphertext that is there can't be opened as another key of the Secret, or is not what the lock says."""
    lost = {
        Reason.SCOPE: locked.scope != secret.scope,
        Reason.NAMESPACE: locked.namespace != secret.namespace,
        Reason.RECIPE: locked.recipe != key.recipe,
        Reason.CERTIFICATE: locked.certificate in reseal,
        Reason.MISSING: found is None,
        Reason.ALTERED: found != locked.ciphertext,
    }
    return next((reason for reason, holds in lost.items() if holds), None)


def _numbered(value: str, locked: LockedKey) -> str:
    counter = counter_of(locked.values[value])
    return f"{value} {counter}" if counter else value


def _reason(
    secret: DesiredSecret,
    key: DesiredKey,
    locked: LockedKey | None,
    found: str | None,
    versions: Mapping[str, str],
    made: Set[str],
    certificate: str,
    rotate: Set[str],
    reseal: Set[str],
) -> tuple[Reason, str]:
    """Return the first reason to seal, or UNCHANGED, with its detail."""
    if locked is None:
        return Reason.NEW, ""
    if locked.scope != secret.scope:
        return Reason.SCOPE, f"{locked.scope} → {secret.scope}"
    if locked.namespace != secret.namespace:
        return Reason.NAMESPACE, f"{locked.namespace} → {secret.namespace}"
    rotated = [name for name in key.values if name in rotate]
    if rotated:
        return Reason.ROTATED, _changes(rotated, locked, versions)
    if locked.recipe != key.recipe:
        return Reason.RECIPE, ""
    # What is made anew is another value, whatever its number: a bad merge may have lost the value's own line.
    changed = [
        name for name in key.values if name in made or (name in versions and locked.values.get(name) != versions[name])
    ]
    if changed:
        return Reason.VALUE, _changes(changed, locked, versions)
    if found is None:
        return Reason.MISSING, ""
    if found != locked.ciphertext:
        return Reason.ALTERED, ""
    if locked.certificate == certificate:
        return Reason.UNCHANGED, ""
    return _of_another_certificate(locked.certificate, certificate, reseal)


def _of_another_certificate(before: str, now: str, reseal: Set[str]) -> tuple[Reason, str]:
    if before in reseal:
        return Reason.CERTIFICATE, f"{before} → {now}"
    return Reason.UNCHANGED, f"sealed with another certificate, {before}"


def _changes(names: Sequence[str], locked: LockedKey, versions: Mapping[str, str]) -> str:
    """Name the values, with their counters where they have one."""
    told = []
    for name in names:
        before, after = counter_of(locked.values.get(name, "")), counter_of(versions.get(name, ""))
        other = "another " if before == after else ""  # of the same number, and yet not the same value
        told.append(f"{name} {before} → {other}{after}" if before and after else name)
    return ", ".join(told)


def _action(
    key: DesiredKey,
    reason: Reason,
    detail: str,
    values: Mapping[str, Made | Read | Unreadable],
    lost: Sequence[str],
    read_back: Sequence[str],
) -> tuple[Action, Reason, str]:
    """Return whether the key can be sealed (or kept) here and now, and why not; from where what is ``read_back``."""
    unreadable = dict.fromkeys(state.reason for name in key.values if isinstance(state := values[name], Unreadable))
    if unreadable:
        told = Reason.UNREADABLE if reason is Reason.UNCHANGED else reason
        return Action.UNKNOWN, told, "; ".join(unreadable)
    if reason is Reason.UNCHANGED:
        return Action.KEEP, reason, detail
    if lost:
        return Action.BLOCKED, reason, _and(detail, f"needs {', '.join(lost)}, which was never stored")
    if read_back:
        detail = _and(detail, f"read back from the cluster: {', '.join(read_back)}")
    for name in key.values:
        if isinstance(state := values[name], Read) and state.to_put:
            detail = _and(detail, f"{name} is made, and put into {state.to_put}")
    return Action.SEAL, reason, detail


def _and(detail: str, more: str) -> str:
    return f"{detail}; {more}" if detail else more


def _with_companions(missing: Set[str], needs: Sequence[Set[str]]) -> Set[str]:
    """Return ``missing`` and, until no more come, what any key that needs one of them needs beside it."""
    companions = missing | {name for need in needs if need & missing for name in need}
    return missing if companions == missing else _with_companions(companions, needs)


def _dropped(
    desired: Sequence[DesiredSecret],
    lock: Lock,
    ciphertexts: Mapping[tuple[str, str], str],
    decided: Set[tuple[str, str]],
) -> Iterator[Step]:
    """Yield the steps on what is there and not wanted; of the keys in ``decided`` there is a step already."""
    wanted = {secret.name for secret in desired}
    for secret, key in lock.keys:
        if secret not in wanted:
            yield Step(secret, key, Action.DROP, Reason.NO_ENTRY)
        elif (secret, key) not in decided:
            yield Step(secret, key, Action.DROP, Reason.NO_KEY)
    for secret, key in sorted(ciphertexts):
        if (secret, key) not in lock.keys and (secret, key) not in decided:
            yield Step(secret, key, Action.DROP, Reason.FOREIGN)
