"""Reading back: values that were made once and never stored, from the live Secrets that hold them.

A value is taken for the one that the lock has only where that is proven: the lock has a key that is the value alone,
in its present version; the cluster has the SealedSecret with the very ciphertext of the lock; and the controller
made the live Secret, and wrote that key, from it. Nothing is ever guessed from a name.
"""

from __future__ import annotations

import contextlib
import hmac
from functools import cache
from typing import TYPE_CHECKING

from sealgen.cluster import live_secret
from sealgen.cluster.of_environment import cluster_of
from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.errors import CannotTell, SealgenError
from sealgen.plan import Action, Made
from sealgen.recipe import Reference, references
from sealgen.reconcile.planning import sealed_secrets_backend
from sealgen.reconcile.rollout import live_name
from sealgen.reconcile.survey import survey
from sealgen.rotation.journal import Held
from sealgen.values import rules
from sealgen.values.generators.text import TextGenerator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sealgen.cluster.connection import Cluster
    from sealgen.cluster.live_secret import LiveSecret
    from sealgen.config.environment import Environment
    from sealgen.config.project import Project
    from sealgen.reconcile.planning import Planned
    from sealgen.reconcile.survey import Survey
    from sealgen.values.secret import Secret
    from sealgen.values.source import Parts
    from sealgen.values.value import Value


def read_back(project: Project, planned: Planned) -> dict[str, Parts]:
    """Return the values, by name, that the plan seals and that were never stored: the parts of them that it needs.

    The cluster is not asked where there are none. Raises CannotTell where a value is not there, may not be read or is
    not proven to be the lock's, and SealgenError where the cluster fails, or a value breaks its rules.
    """
    needed = _needed(planned)
    if not needed:
        return {}
    environment = planned.environment
    with _told(planned, sorted({reference.value for reference in needed})):
        live = _Live(cluster_of(project, environment.cluster))
    found: dict[str, dict[str, Secret]] = {}
    for reference in needed:
        with _told(planned, [str(reference)]):
            secret = live.value(places(planned.survey, reference))
            if not _fits(planned.survey, reference, secret):
                raise CannotTell("it is not of the length that its generator makes")
            rules.check(reference.value, environment.values[reference.value].rules, {reference.part: secret})
        found.setdefault(reference.value, {})[reference.part] = secret
    return dict(found)


def places(surveyed: Survey, reference: Reference) -> tuple[Held, ...]:
    """Return the keys that the lock has of a value alone, or of a part of one, in its present version."""
    held = {place: surveyed.lock.keys[place] for place in surveyed.alone.get(reference, ())}
    return tuple(
        Held(locked.namespace, live_name(surveyed.environment, surveyed.lock, secret), key, locked.ciphertext)
        for (secret, key), locked in held.items()
    )


def live_values(
    project: Project, environment: Environment, wanted: Mapping[Reference, Sequence[Held]]
) -> dict[Reference, Secret | SealgenError]:
    """Return the values that are live in these places or, for each that can't be read back, why.

    The cluster is not asked where there is no place.
    """
    found: dict[Reference, Secret | SealgenError] = {}
    live: _Live | SealgenError | None = None
    for reference, held in wanted.items():
        try:
            if not held:
                raise CannotTell("the lock has no key that is it alone")
            if live is None:
                live = _connected(project, environment)
            if isinstance(live, SealgenError):
                raise live
            found[reference] = live.value(held)
        except SealgenError as error:
            found[reference] = error
    return found


def sealed_values(project: Project, environment: Environment) -> Callable[[Value], Parts]:
    """Return what reads a value back that was sealed and stored nowhere; it raises SealgenError where it can't.

    The cluster is asked when the first value is wanted, for all that are pushed. Raises ConfigurationError for an
    environment that is not sealed.
    """
    sealed_secrets_backend(environment)
    surveyed = survey(project, environment)

    @cache
    def found() -> Mapping[Reference, Secret | SealgenError]:
        made = [value for name, value in environment.values.items() if value.source.made and name in environment.push]
        wanted = [Reference(value.name, part) for value in made for part in value.source.parts]
        return live_values(project, environment, {reference: places(surveyed, reference) for reference in wanted})

    def read(value: Value) -> Parts:
        parts = {part: found()[Reference(value.name, part)] for part in value.source.parts}
        for secret in parts.values():
            if isinstance(secret, SealgenError):
                raise CannotTell(f"it can't be read back from the cluster: {secret.message}")
        return {part: secret for part, secret in parts.items() if not isinstance(secret, SealgenError)}

    return read


def _connected(project: Project, environment: Environment) -> _Live | SealgenError:
    try:
        return _Live(cluster_of(project, environment.cluster))
    except SealgenError as error:
        return error


def _needed(planned: Planned) -> list[Reference]:
    """Return what the keys to seal are made of and nobody but the cluster has, sorted."""
    states, made = planned.observed.states, planned.plan.made
    needed = {
        reference
        for step in planned.plan.having(Action.SEAL)
        for reference in references(planned.survey.manifests[step.secret].keys[step.key].recipe)
        if isinstance(states[reference.value], Made) and reference.value not in made
    }
    return sorted(needed, key=str)


@contextlib.contextmanager
def _told(planned: Planned, names: list[str]) -> Iterator[None]:
    """Say in an error what could not be had because of it."""
    try:
        yield
    except SealgenError as error:
        what = ", ".join(names)
        error.message = f"{planned.environment.name}: {what} can't be read back from the cluster: {error.message}"
        raise


class _Live:
    """The Secrets of a cluster, each asked for once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._secrets: dict[tuple[str, str], LiveSecret | CannotTell] = {}

    def value(self, held: Sequence[Held]) -> Secret:
        """Return a value, or a part of one, from any key that is proven to hold it; raises CannotTell."""
        found: list[Secret] = []
        refusals: list[str] = []
        for place in held:
            try:
                found.append(self._proven(place))
            except CannotTell as refusal:
                refusals.append(refusal.message)
        if not found:
            raise CannotTell("; ".join(dict.fromkeys(refusals)))
        if not all(hmac.compare_digest(found[0].reveal(), other.reveal()) for other in found[1:]):
            raise CannotTell("the live Secrets that hold it differ")
        return found[0]

    def _proven(self, held: Held) -> Secret:
        """Return the value of a key that was made from this very ciphertext; raises CannotTell."""
        live = self._secret(held.namespace, held.secret)
        place = f"{held.namespace}/{held.secret}"
        if ciphertext_digest(live.ciphertexts.get(held.key, "")) != held.ciphertext:
            raise CannotTell(f"the SealedSecret {place} has another ciphertext of {held.key} than the lock")
        if held.key not in live.data:
            raise CannotTell(f"{held.key} of the Secret {place} is not as the controller wrote it")
        return live.data[held.key]

    def _secret(self, namespace: str, name: str) -> LiveSecret:
        place = (namespace, name)
        if place not in self._secrets:
            try:
                self._secrets[place] = live_secret.read(self._cluster, namespace, name)
            except CannotTell as refusal:
                self._secrets[place] = refusal
        found = self._secrets[place]
        if isinstance(found, CannotTell):
            raise found
        return found


def _fits(surveyed: Survey, reference: Reference, value: Secret) -> bool:
    """Tell whether the value can be one of its generator's, where it was made to the present specification."""
    wanted = surveyed.environment.values[reference.value]
    locked = surveyed.lock.values[reference.value]
    if not isinstance(wanted.source, TextGenerator) or locked.specification != wanted.specification:
        return True
    return len(value) == wanted.source.size
