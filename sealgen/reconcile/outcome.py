"""What the tree looks like once a plan is carried out: manifests, the kustomization and the lock. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen import lock
from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.kubernetes import access, kustomization
from sealgen.kubernetes.rollout import FIELD, LISTED_IN
from sealgen.lock import Lock, LockedKey, LockedValue
from sealgen.overlay.transaction import FileChange
from sealgen.plan import Action, touched
from sealgen.reconcile import rollout
from sealgen.reconcile.survey import text_of
from sealgen.values.version import counter_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.plan import Step
    from sealgen.reconcile.planning import Planned


def outcome(planned: Planned, sealed: Iterator[str], today: str) -> Iterator[FileChange]:
    """Yield the changes of files that the plan and its new ciphertexts come to, each as soon as it is known.

    ``sealed`` has the base64 texts of the keys that the plan seals, in its order; ``today`` is the date of new
    versions (YYYY-MM-DD, UTC). What the plan does not touch stays byte for byte.
    """
    survey = planned.survey
    changing = touched(planned.plan.steps)
    steps_of: dict[str, list[Step]] = {}
    for step in planned.plan.steps:
        if step.secret in changing:
            steps_of.setdefault(step.secret, []).append(step)
    # A file that a Secret leaves may become that of another: what it is to hold is known last.
    left = {survey.filenames[name] for name in changing & survey.filenames.keys() if _moves(planned, name)}
    before, beside = _beside(planned)
    before |= survey.external
    left |= {*beside, *survey.external}
    after = dict(beside)
    keys = dict(survey.lock.keys)
    written = {access.FILENAME} if beside.get(access.FILENAME) is not None else set()
    for name, steps in steps_of.items():
        file = survey.files.get(name)
        held = _carried_out(planned, steps, dict(file.sealed.encrypted_data) if file else {}, sealed, keys)
        if file is not None:
            before[survey.filenames[name]] = file.content
        if name in survey.manifests:
            filename = survey.entries[name].filename
            after[filename] = text_of(survey.manifests[name], held).encode()
            written.add(filename)
            if filename not in left:
                yield from _change(planned, filename, before.pop(filename, None), after.pop(filename))
    for filename in sorted({*before, *after}):
        yield from _change(planned, filename, before.get(filename), after.get(filename))
    listed = _listed(planned, written, left - written, beside)
    if listed != survey.kustomization:
        yield FileChange(survey.kustomization_path, survey.kustomization, listed)
    content = lock.dump(_lock(planned, keys, today))
    if content != survey.lock_content:
        yield FileChange(survey.lock_path, survey.lock_content, content)


def _listed(planned: Planned, come: set[str], go: set[str], beside: Mapping[str, bytes | None]) -> bytes | None:
    """Return the kustomization: of the manifests some ``come`` and some ``go``, and ``beside`` what is no manifest."""
    survey = planned.survey
    lists = {kustomization.RESOURCES: (come, go)}
    for filename in LISTED_IN.keys() & beside.keys():
        wanted = {filename} if beside[filename] is not None else set()
        lists[LISTED_IN[filename]] = (wanted, {filename} - wanted)
    listed = survey.kustomization
    for field, (added, removed) in sorted(lists.items()):
        listed = kustomization.update(listed, str(survey.kustomization_path), sorted(added), sorted(removed), field)
    return listed


def _beside(planned: Planned) -> tuple[dict[str, bytes | None], dict[str, bytes | None]]:
    """Return what the files beside the Secrets hold, and what they are to hold; of those that a step is on."""
    survey = planned.survey
    before: dict[str, bytes | None] = {}
    after: dict[str, bytes | None] = {}
    fields = {step.field for step in planned.plan.beside}
    if access.FIELD in fields:
        before[access.FILENAME], after[access.FILENAME] = survey.access, survey.wanted_access
    if FIELD in fields:
        wanted = rollout.wanted(survey, planned.plan)
        for filename in {*survey.rollout, *wanted}:
            before[filename], after[filename] = survey.rollout.get(filename), wanted.get(filename)
    return before, after


def _moves(planned: Planned, secret: str) -> bool:
    """Tell whether a Secret that has a file goes, or gets another one."""
    entry = planned.survey.entries.get(secret)
    return entry is None or entry.filename != planned.survey.filenames[secret]


def _change(planned: Planned, filename: str, before: bytes | None, after: bytes | None) -> Iterator[FileChange]:
    if before != after:
        yield FileChange(planned.environment.output / filename, before, after)


def _carried_out(
    planned: Planned,
    steps: list[Step],
    held: dict[str, str],
    sealed: Iterator[str],
    keys: dict[tuple[str, str], LockedKey],
) -> dict[str, str]:
    """Return what a Secret holds after its steps; ``keys``, the lock's, change with it."""
    survey, versions = planned.survey, planned.plan.versions
    for step in steps:
        place = (step.secret, step.key)
        if step.action is Action.SEAL:
            manifest, entry = survey.manifests[step.secret], survey.entries[step.secret]
            held[step.key] = text = next(sealed)
            desired = survey.desired_keys[step.secret][step.key]
            keys[place] = LockedKey(
                filename=entry.filename,
                namespace=manifest.namespace,
                scope=manifest.scope,
                recipe=desired.recipe,
                values={name: versions[name] for name in desired.values},
                certificate=planned.backend.fingerprint,
                ciphertext=ciphertext_digest(text),
            )
        elif step.action is Action.COPY:
            held[step.key] = survey.files[step.secret].sealed.encrypted_data[step.source]
            filename = survey.entries[step.secret].filename
            keys[place] = replace(survey.lock.keys[step.secret, step.source], filename=filename)
        elif step.action is Action.DROP:
            held.pop(step.key, None)
            keys.pop(place, None)
        elif step.action is Action.REWRITE:
            filename = survey.entries[step.secret].filename
            for other in {*survey.manifests[step.secret].keys, *held}:
                if (known := keys.get((step.secret, other))) is not None:
                    keys[step.secret, other] = replace(known, filename=filename)
    return held


def _lock(planned: Planned, keys: dict[tuple[str, str], LockedKey], today: str) -> Lock:
    survey, versions = planned.survey, planned.plan.versions
    values: dict[str, LockedValue] = {}
    for name in {name for locked in keys.values() for name in locked.values}:
        known = survey.lock.values.get(name)
        version = versions.get(name)
        if known is not None and version in (None, known.version):
            values[name] = known
        elif version is not None:
            value = planned.environment.values[name]
            # Its versions were counted while an operator read it from a store: what is read there now is as old.
            was_put = known is not None and counter_of(known.version) and not value.source.made
            date = known.date if known is not None and was_put else today
            values[name] = LockedValue(version, date, value.specification)
    keyed = any(value.version.startswith("hmac-") for value in values.values())
    fingerprint_key = survey.lock.fingerprint_key or (planned.key.id if planned.key else None)
    return Lock(fingerprint_key if keyed else None, values, keys)
