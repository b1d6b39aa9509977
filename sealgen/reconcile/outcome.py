"""What the tree looks like once a plan is carried out: manifests, the kustomization and the lock. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sealgen import lock
from sealgen.kubernetes import kustomization
from sealgen.lock import Lock, LockedKey, LockedValue
from sealgen.overlay.transaction import FileChange
from sealgen.plan import Action
from sealgen.reconcile.survey import ciphertext_digest, text_of
from sealgen.values.value import specification_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sealgen.reconcile.planning import Planned

Ciphertexts = dict[str, dict[str, str]]
"""Base64 text by Secret and key."""


def outcome(planned: Planned, sealed: Mapping[tuple[str, str], str], today: str) -> tuple[FileChange, ...]:
    """Return the changes of files that the plan and its new ciphertexts come to.

    ``sealed`` has the ciphertext of every key that the plan seals, ``today`` is the date of new versions
    (YYYY-MM-DD, UTC). What the plan does not touch stays byte for byte.
    """
    survey, output = planned.survey, planned.environment.output
    held = _held(planned, sealed)
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    for name in held:
        if (file := survey.files.get(name)) is not None:
            before[survey.filenames[name]] = file.content
        if name in survey.manifests:
            text = text_of(survey.manifests[name], held[name])
            after[survey.entries[name].filename] = text.encode()
    changes = [
        FileChange(output / filename, before.get(filename), after.get(filename))
        for filename in sorted({*before, *after})
        if before.get(filename) != after.get(filename)
    ]
    listed = kustomization.update(
        survey.kustomization,
        str(survey.kustomization_path),
        add=sorted(after),
        remove=sorted(survey.filenames[name] for name in held if survey.filenames.get(name) not in (None, *after)),
    )
    if listed != survey.kustomization:
        changes.append(FileChange(survey.kustomization_path, survey.kustomization, listed))
    content = lock.dump(_lock(planned, sealed, today))
    if content != survey.lock_content:
        changes.append(FileChange(survey.lock_path, survey.lock_content, content))
    return tuple(changes)


def _held(planned: Planned, sealed: Mapping[tuple[str, str], str]) -> Ciphertexts:
    """Return what each Secret that the plan touches holds afterwards; nothing for one that goes."""
    held: Ciphertexts = {}
    for step in planned.plan.steps:
        if step.action is not Action.KEEP and step.secret not in held:
            file = planned.survey.files.get(step.secret)
            held[step.secret] = dict(file.sealed.encrypted_data) if file else {}
    for (secret, key), text in sealed.items():
        held[secret][key] = text
    for step in planned.plan.having(Action.DROP):
        held[step.secret].pop(step.key, None)
    return held


def _lock(planned: Planned, sealed: Mapping[tuple[str, str], str], today: str) -> Lock:
    survey, versions = planned.survey, planned.plan.versions
    desired = {(secret.name, key): (secret, secret.keys[key]) for secret in survey.desired for key in secret.keys}
    keys = dict(survey.lock.keys)
    for step in planned.plan.steps:
        place = (step.secret, step.key)
        if step.action is Action.DROP:
            keys.pop(place, None)
        elif step.action is Action.SEAL:
            secret, key = desired[place]
            keys[place] = LockedKey(
                filename=secret.filename,
                namespace=secret.namespace,
                scope=secret.scope,
                recipe=key.recipe,
                values={name: versions[name] for name in key.values},
                certificate=planned.backend.fingerprint,
                ciphertext=ciphertext_digest(sealed[place]),
            )
        elif step.action is Action.REWRITE:
            filename = survey.entries[step.secret].filename
            keys.update(
                {place: replace(locked, filename=filename) for place, locked in keys.items() if place[0] == step.secret}
            )
    values: dict[str, LockedValue] = {}
    for name in sorted({name for locked in keys.values() for name in locked.values}):
        known = survey.lock.values.get(name)
        version = versions.get(name)
        if known is not None and version in (None, known.version):
            values[name] = known
        elif version is not None:
            source = planned.environment.values[name].source
            values[name] = LockedValue(version, today, specification_digest(source))
    keyed = any(value.version.startswith("hmac-") for value in values.values())
    fingerprint_key = survey.lock.fingerprint_key or (planned.key.id if planned.key else None)
    return Lock(fingerprint_key if keyed else None, values, keys)
