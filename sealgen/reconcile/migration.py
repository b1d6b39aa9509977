"""Moving an environment to another backend: its file, its overlay and its lock change in one transaction."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sealgen.config import fields as environment_fields
from sealgen.config.backends import PlainBackend, SealedSecretsBackend
from sealgen.config.external_secrets import ExternalSecretsBackend
from sealgen.config.files import Edited
from sealgen.errors import CannotTell, SealgenError
from sealgen.kubernetes import access, external_secret, kustomization, own_files
from sealgen.overlay import transaction
from sealgen.overlay.transaction import FileChange
from sealgen.plan import Action, Plan, Reason, Step
from sealgen.reconcile import external, left_behind
from sealgen.reconcile.manifests import render_manifests, values_used
from sealgen.reconcile.sealed_objects import read_lock
from sealgen.reconcile.survey import kustomization_of, lock_path, written_to
from sealgen.values.kept import Kept
from sealgen.values.literal import Literal
from sealgen.values.stored import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sealgen.config.environment import Environment
    from sealgen.config.fields import FieldsEdit, Given
    from sealgen.config.project import Project
    from sealgen.values.value import Value

_BACKENDS = {
    "sealed-secrets": SealedSecretsBackend,
    "external-secrets": ExternalSecretsBackend,
    "plain": PlainBackend,
}
KINDS = tuple(_BACKENDS)
"""The kinds of backends."""


@dataclass(frozen=True)
class Move:
    """An environment as it is and as it is to be; nothing is written yet."""

    project: Project
    """With the environment's file as it is to be."""
    before: Environment
    environment: Environment
    edit: FieldsEdit

    @property
    def change(self) -> FileChange:
        """The environment file's."""
        return FileChange(PurePosixPath(self.edit.file), self.edit.before, self.edit.after)


@dataclass(frozen=True)
class Moved:
    """What a move comes to."""

    move: Move
    plan: Plan
    secrets: int
    keys: int
    changes: tuple[FileChange, ...]


def kind_of(environment: Environment) -> str:
    """Return the kind of an environment's backend."""
    return next(kind for kind, backend in _BACKENDS.items() if isinstance(environment.backend, backend))


def prepare(project: Project, name: str, kind: str, fields: Given) -> Move:
    """Give an environment a backend of a kind, as ``fields`` say it.

    Raises ConfigurationError for what is wrong in them, at the place where they stand.
    """
    before = project.environment(name)
    fields.check_backend(kind)
    edit = environment_fields.edit(name, project.read, fields)
    project = replace(project, files=Edited(project.files, edit.file, edit.after))
    with placed(edit):
        return Move(project, before, project.environment(name), edit)


@contextlib.contextmanager
def placed(edit: FieldsEdit) -> Iterator[None]:
    """Let errors tell where somebody wrote what is wrong, not where it would stand."""
    try:
        yield
    except SealgenError as error:
        error.at = edit.original(error.at)
        raise


def outlook(move: Move) -> Moved:
    """Return what becomes of the overlay of an environment of which nothing is sealed any more.

    Raises ConfigurationError as ``external.survey`` does.
    """
    backend = move.environment.backend
    with placed(move.edit):
        if isinstance(backend, ExternalSecretsBackend):
            surveyed = external.survey(move.project, move.environment, backend)
            changes = (move.change, *surveyed.changes)
            return Moved(move, surveyed.plan, surveyed.secrets, surveyed.keys, changes)
        return _emptied(move)


def _emptied(move: Move) -> Moved:
    """Return what becomes of an overlay that is written no more: all that sealgen wrote goes, and so does the lock."""
    project, environment = move.project, move.before
    manifests = render_manifests(project, move.environment)
    lock_content, lock = read_lock(project, environment.name)
    path, kustomized = kustomization_of(project, environment)
    listed = kustomization.resources(kustomized, str(path))
    names = {*filter(left_behind.is_name, listed), *(entry.filename for entry in environment.secrets), access.FILENAME}
    gone = left_behind.of_sealing(project, environment, lock)
    for filename in sorted(names - gone.keys()):
        content = project.read(environment.output / filename)
        if content is not None and own_files.is_ours(content, access.FIELD, *external_secret.FIELDS):
            gone[filename] = content
    after = kustomized
    for field, filenames in left_behind.by_field(gone).items():
        after = kustomization.update(after, str(path), [], filenames, field)
    if after is not None and kustomization.is_empty(after, str(path)):
        after = None
    changes = [FileChange(environment.output / filename, there, None) for filename, there in sorted(gone.items())]
    changes += [FileChange(path, kustomized, after)] if after != kustomized else []
    changes += [FileChange(lock_path(environment.name), lock_content, None)] if lock_content is not None else []
    changes.append(move.change)
    steps = tuple(Step(filename, "", Action.DROP, Reason.BACKEND) for filename in sorted(gone))
    keys = sum(len(secret.keys) for secret in manifests.values())
    return Moved(move, Plan(steps, (), (), {}), len(manifests), keys, tuple(changes))


def carry_out(
    project: Project,
    name: str,
    kind: str,
    fields: Given,
    *,
    tell: Callable[[str], None],
    waiting: Callable[[str], None] | None,
    approve: Callable[[Moved], None],
) -> Moved:
    """Move an environment to a backend that seals nothing; ``approve`` is given what it comes to, and may raise.

    ``tell`` and ``waiting`` are as for ``sealing.seal``.
    """
    move = prepare(project, name, kind, fields)
    within = (*written_to(move.before), *written_to(move.environment))
    with transaction.exclusive(project.root, name, within, waiting) as run:
        if run.recovered:
            tell(run.recovered)
            move = prepare(project, name, kind, fields)
        moved = outlook(move)
        approve(moved)
        run.apply(moved.changes)
        return moved


def used_values(move: Move) -> list[str]:
    """Return the names of the values that some key is made of, in the order of the environment file."""
    used = set(values_used(render_manifests(move.project, move.environment)))
    return [name for name in move.environment.values if name in used]


def is_stored_nowhere(value: Value) -> bool:
    """Tell whether a value is generated, and kept in no store."""
    return value.source.kind == "generate" and not isinstance(value.source, Kept)


def check_at_hand(move: Move, rotate: frozenset[str]) -> None:
    """Raise CannotTell where sealing would make a value anew, without being told to, that a store has.

    What is generated for an operator is in the store that ``push`` put it into, and sealing does not read it there.
    """
    if not isinstance(move.before.backend, ExternalSecretsBackend):
        return
    values = move.environment.values
    anew = [name for name in used_values(move) if is_stored_nowhere(values[name]) and name not in rotate]
    if anew:
        options = " ".join(f"--rotate {name}" for name in anew)
        raise CannotTell(
            f"{move.environment.name}: only the store has {', '.join(anew)}, and sealing does not read what is pushed",
            hint=f"Let sealing read it, by keep: {{…}} with the place of push:; or make the next version: {options}",
        )


class Next(StrEnum):
    """What is to be done about a value once its environment has another backend."""

    THERE = "there"
    PUSH = "push"
    MADE = "made"
    OPERATOR = "operator"
    CLUSTER = "cluster"
    SOURCE = "source"
    ROTATED = "rotated"


@dataclass(frozen=True)
class Advice:
    """A value, the place in a store where it is read from then on, and what is to be done about it."""

    value: str
    place: Stored | None
    next: Next


def advice(move: Move) -> tuple[Advice, ...]:
    """Return what is to be done about each value that some key is made of, but for literal ones."""
    values = {name: move.environment.values[name] for name in used_values(move)}
    is_external = isinstance(move.environment.backend, ExternalSecretsBackend)
    return tuple(
        _of_operator(move, value) if is_external else _of_sealgen(value)
        for value in values.values()
        if not isinstance(value.source, Literal)
    )


def _of_operator(move: Move, value: Value) -> Advice:
    source = value.source
    if isinstance(source, Kept):
        return Advice(value.name, source.stored, Next.THERE)
    place = move.environment.push.get(value.name)
    if place is None:
        return Advice(value.name, source if isinstance(source, Stored) else None, Next.THERE)
    if not is_stored_nowhere(value):
        return Advice(value.name, place, Next.PUSH)
    if value.operator:
        return Advice(value.name, place, Next.OPERATOR)
    is_sealed = isinstance(move.before.backend, SealedSecretsBackend)
    return Advice(value.name, place, Next.CLUSTER if is_sealed else Next.MADE)


def _of_sealgen(value: Value) -> Advice:
    source = value.source
    if isinstance(source, Kept):
        return Advice(value.name, source.stored, Next.THERE)
    if isinstance(source, Stored):
        return Advice(value.name, source, Next.THERE)
    return Advice(value.name, None, Next.ROTATED if is_stored_nowhere(value) else Next.SOURCE)


def commands(move: Move) -> tuple[str, ...]:
    """Return the commands that bring a cluster after the files, in their order.

    Who owns a Secret takes it along when it goes: what made it until now must leave it behind, so that the Secret is
    there all the time. The controller takes a Secret that it did not make only where an annotation says that it may.
    """
    name, output = move.environment.name, move.environment.output
    told = []
    if isinstance(move.environment.backend, ExternalSecretsBackend):
        to_push = [one.value for one in advice(move) if one.next in (Next.PUSH, Next.MADE, Next.CLUSTER)]
        told += [f"sealgen push {name} {' '.join(to_push)}"] if to_push else []
    by_namespace: dict[str, list[str]] = {}
    for entry in move.before.secrets:
        by_namespace.setdefault(entry.namespace, []).append(entry.name)
    resource = {SealedSecretsBackend: "sealedsecret", ExternalSecretsBackend: "externalsecret"}
    if kind := resource.get(type(move.before.backend)):
        for namespace, secrets in by_namespace.items():
            told.append(f"kubectl delete {kind} --cascade=orphan -n {namespace} {' '.join(secrets)}")
    if isinstance(move.environment.backend, SealedSecretsBackend):
        for namespace, secrets in by_namespace.items():
            told.append(f"kubectl annotate secret -n {namespace} {' '.join(secrets)} {_MANAGED}=true")
    if isinstance(move.environment.backend, PlainBackend):
        return (*told, f"sealgen render {name} | kubectl apply -f -")
    return (*told, f"kubectl apply -k {output}")


_MANAGED = "sealedsecrets.bitnami.com/managed"
