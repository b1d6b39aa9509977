"""Reading back: values that were made once and never stored, from the live Secrets that hold them.

A value is taken for the one that the lock has only where that is proven: the lock has a key that is the value alone,
in its present version; the cluster has the SealedSecret with the very ciphertext of the lock; and the controller
made the live Secret, and wrote that key, from it. Nothing is ever guessed from a name.
"""

from __future__ import annotations

import contextlib
import hmac
from typing import TYPE_CHECKING

from sealgen.cluster import live_secret
from sealgen.cluster.of_environment import cluster_of
from sealgen.crypto.ciphertext import ciphertext_digest
from sealgen.errors import CannotTell, SealgenError
from sealgen.plan import Action, Made
from sealgen.recipe import references
from sealgen.reconcile.rollout import live_name
from sealgen.values import rules
from sealgen.values.generators.text import TextGenerator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.cluster.connection import Cluster
    from sealgen.cluster.live_secret import LiveSecret
    from sealgen.config.project import Project
    from sealgen.recipe import Reference
    from sealgen.reconcile.planning import Planned
    from sealgen.values.secret import Secret
    from sealgen.values.source import Parts


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
        live = _Live(cluster_of(project, environment.cluster), planned)
    found: dict[str, dict[str, Secret]] = {}
    for reference in needed:
        with _told(planned, [str(reference)]):
            secret = live.value(reference)
            rules.check(reference.value, environment.values[reference.value].rules, {reference.part: secret})
        found.setdefault(reference.value, {})[reference.part] = secret
    return dict(found)


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

    def __init__(self, cluster: Cluster, planned: Planned) -> None:
        self._cluster = cluster
        self._planned = planned
        self._secrets: dict[tuple[str, str], LiveSecret | CannotTell] = {}

    def value(self, reference: Reference) -> Secret:
        """Return a value, or a part of one, from any key that is proven to hold it."""
        found: list[Secret] = []
        refusals: list[str] = []
        for place in self._planned.survey.alone[reference]:
            try:
                found.append(self._proven(*place))
            except CannotTell as refusal:
                refusals.append(refusal.message)
        if not found:
            raise CannotTell("; ".join(dict.fromkeys(refusals)))
        if not all(hmac.compare_digest(found[0].reveal(), other.reveal()) for other in found[1:]):
            raise CannotTell("the live Secrets that hold it differ")
        if not self._fits(reference, found[0]):
            raise CannotTell("it is not of the length that its generator makes")
        return found[0]

    def _proven(self, name: str, key: str) -> Secret:
        """Return the value of a key that was made from the ciphertext that the lock has; raises CannotTell."""
        locked = self._planned.survey.lock.keys[name, key]
        known = live_name(self._planned.environment, self._planned.survey.lock, name)
        live = self._secret(locked.namespace, known)
        place = f"{locked.namespace}/{known}"
        if ciphertext_digest(live.ciphertexts.get(key, "")) != locked.ciphertext:
            raise CannotTell(f"the SealedSecret {place} has another ciphertext of {key} than the lock")
        if key not in live.data:
            raise CannotTell(f"{key} of the Secret {place} is not as the controller wrote it")
        return live.data[key]

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

    def _fits(self, reference: Reference, value: Secret) -> bool:
        """Tell whether the value can be one of its generator's, where it was made to the present specification."""
        wanted = self._planned.environment.values[reference.value]
        locked = self._planned.survey.lock.values[reference.value]
        if not isinstance(wanted.source, TextGenerator) or locked.specification != wanted.specification:
            return True
        return len(value) == wanted.source.size
