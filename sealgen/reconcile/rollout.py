"""Rolling out by Git: digests of what the lock says of Secrets, and the files of the overlay that have them. Pure.

A digest is SHA-256 of JSON: of a Secret, its keys in order, each with its recipe's digest and the versions of its
values; of a workload, its Secrets in order, each with its keys. So it moves when a value is rotated, a recipe is
another, or a key comes or goes; and not when the same is sealed again, be it by another certificate. It tells what
the lock tells, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, TypeAlias

from sealgen.kubernetes import kustomization, rollout
from sealgen.kubernetes.rollout import FIELD, FILENAME, LISTED_IN, REFERENCES
from sealgen.kubernetes.sealed_secret import Scope
from sealgen.plan import Action, Plan, Reason, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.config.environment import Environment
    from sealgen.lock import Lock
    from sealgen.reconcile.survey import Survey

MadeOf: TypeAlias = "Mapping[tuple[str, str], tuple[str, Mapping[str, str]]]"
"""The digest of the recipe and the versions of the values, by Secret and key."""


def made_of(lock: Lock) -> MadeOf:
    """Return what a lock says that its keys are made of."""
    return {place: (locked.recipe, locked.values) for place, locked in lock.keys.items()}


def digests(keys: MadeOf) -> dict[str, str]:
    """Return a digest of each Secret, by name."""
    return {secret: _digest(entries) for secret, entries in _by_secret(keys).items()}


def live_name(environment: Environment, lock: Lock, secret: str) -> str:
    """Return the name that a Secret has in the cluster: its own, or that with the digest by what the lock says."""
    if secret not in environment.rollout.suffix:
        return secret
    of_it = {place: made for place, made in made_of(lock).items() if place[0] == secret}
    return rollout.suffixed(secret, digests(of_it)[secret]) if of_it else secret


def written(environment: Environment, lock: Lock) -> dict[str, bytes]:
    """Return what the overlay's files for rolling out hold by what the lock says, by name."""
    return _files(environment, made_of(lock))


def wanted(surveyed: Survey, plan: Plan) -> dict[str, bytes]:
    """Return what the overlay's files for rolling out are to hold once the plan is carried out, by name."""
    return _files(surveyed.environment, _after(surveyed, plan))


def step(surveyed: Survey, plan: Plan) -> Step | None:
    """Return what is to do about the files for rolling out, beside what the plan says; None if nothing is."""
    there = {name: content.replace(b"\r\n", b"\n") for name, content in surveyed.rollout.items()}
    if not there and not surveyed.environment.rollout.given:
        return None
    after = wanted(surveyed, plan)
    if not after:
        return Step("", "", Action.DROP, Reason.NO_ENTRY, field=FIELD) if there else None
    if there != after:
        told = _moved(surveyed, plan) if there == written(surveyed.environment, surveyed.lock) else ""
        return Step("", "", Action.REWRITE, Reason.ROLLOUT, told, field=FIELD)
    if not all(name in _listed(surveyed, field) for name, field in LISTED_IN.items() if name in after):
        return Step("", "", Action.REWRITE, Reason.ENTRY, field=FIELD)
    return None


def _listed(surveyed: Survey, field: str) -> Mapping[str, object]:
    return kustomization.listed(surveyed.kustomization, str(surveyed.kustomization_path), field)


def _after(surveyed: Survey, plan: Plan) -> MadeOf:
    """Return what the keys are made of once the plan is carried out."""
    locked = made_of(surveyed.lock)
    keys = dict(locked)
    for one in plan.steps:
        place = (one.secret, one.key)
        if one.action is Action.SEAL:
            desired = surveyed.desired_keys[one.secret][one.key]
            keys[place] = (desired.recipe, {name: plan.versions[name] for name in desired.values})
        elif one.action is Action.COPY:
            keys[place] = locked[one.secret, one.source]
        elif one.action is Action.DROP:
            keys.pop(place, None)
    return keys


def _files(environment: Environment, keys: MadeOf) -> dict[str, bytes]:
    if not environment.rollout.given:
        return {}
    known = digests(keys)
    renamed = {
        entry.name: ("" if entry.scope is Scope.CLUSTER_WIDE else entry.namespace, known[entry.name])
        for entry in environment.secrets
        if entry.name in environment.rollout.suffix and entry.name in known
    }
    annotations = _annotations(environment, keys)
    if not renamed and not annotations:
        return {}
    files = {FILENAME: rollout.transformers(annotations, renamed, environment.file)}
    if renamed:
        files[REFERENCES] = rollout.references(environment.file)
    return {name: text.encode() for name, text in files.items()}


def _annotations(environment: Environment, keys: MadeOf) -> dict[str, str]:
    """Return the digest of each workload's Secrets."""
    entries = _by_secret(keys)
    return {
        workload: _digest([[secret, entries.get(secret, [])] for secret in secrets])
        for workload, secrets in environment.rollout.annotation.items()
    }


def _moved(surveyed: Survey, plan: Plan) -> str:
    """Name the workloads whose pods start anew, and the Secrets that get another name."""
    environment, before, after = surveyed.environment, made_of(surveyed.lock), _after(surveyed, plan)
    old, new = _annotations(environment, before), _annotations(environment, after)
    told = [workload for workload in new if new[workload] != old[workload]]
    names_before, names_after = digests(before), digests(after)
    told += [
        secret
        for secret in sorted(environment.rollout.suffix & names_after.keys())
        if names_before.get(secret) != names_after[secret]
    ]
    return ", ".join(told)


def _by_secret(keys: MadeOf) -> dict[str, list[object]]:
    """Return the keys of each Secret, in order, with what they are made of."""
    found: dict[str, list[object]] = {}
    for (secret, key), (recipe, values) in sorted(keys.items()):
        found.setdefault(secret, []).append([key, recipe, sorted(values.items())])
    return found


def _digest(data: object) -> str:
    return hashlib.sha256(json.dumps(data, separators=(",", ":")).encode()).hexdigest()
