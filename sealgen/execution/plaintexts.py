"""The values that the steps of a rotation read: made by the run, from their sources, or read back from the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import CannotTell, SealgenError
from sealgen.recipe import Reference, references, resolve
from sealgen.reconcile import read_back
from sealgen.rotation.journal import Before
from sealgen.rotation.runbook import recipes
from sealgen.template.names import value_before
from sealgen.values import rules
from sealgen.values.literal import Literal
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sealgen.config.project import Project
    from sealgen.recipe import Recipe
    from sealgen.reconcile.survey import Survey
    from sealgen.rotation.journal import Held, Journal
    from sealgen.rotation.runbook import Runbook
    from sealgen.values.source import Parts, Surroundings


class Plaintexts:
    """Values, and versions before, by reference.

    One that can't be had is asked for again when a step needs it: it may have reached the cluster meanwhile.
    """

    def __init__(
        self, project: Project, surveyed: Survey, surroundings: Surroundings, before: Iterable[Before]
    ) -> None:
        self._project = project
        self._surveyed = surveyed
        self._surroundings = surroundings
        self._before = {(known.value, known.part): known.places for known in before}
        self._found: dict[Reference, Secret | SealgenError] = {}

    def take(self, made: Mapping[str, Parts]) -> None:
        """Take what a run has made."""
        for name, parts in made.items():
            self._found |= {Reference(name, part): plaintext for part, plaintext in parts.items()}

    def read(self, wanted: Iterable[Reference]) -> None:
        """Read these from their sources or, where they were stored nowhere, back from the live Secrets."""
        values = self._surveyed.environment.values
        live: dict[Reference, tuple[Held, ...]] = {}
        for reference in wanted:
            if (value := value_before(reference.value)) is not None:
                live[reference] = self._before.get((value, reference.part), ())
            elif values[reference.value].source.made:
                live[reference] = read_back.places(self._surveyed, reference)
            else:
                self._found[reference] = self._obtained(reference)
        self._found |= read_back.live_values(self._project, self._surveyed.environment, live)

    def require(self, wanted: Iterable[Reference]) -> None:
        """Raise CannotTell unless all these were read."""
        for reference in wanted:
            _present(reference, self._found[reference])

    def missing(self, wanted: Iterable[Reference]) -> list[str]:
        """Return which of these could not be read, and why."""
        found = ((reference, self._found[reference]) for reference in wanted)
        return [_absent(reference, error).message for reference, error in found if isinstance(error, SealgenError)]

    def resolved(self, recipe: Recipe) -> Secret:
        """Return what a program is to read; raises SealgenError where that can't be had."""
        return Secret(resolve(recipe, self._lookup))

    def secret(self) -> list[bytes]:
        """Return all that were read and are no literals, which stand in clear in the environment file: to mask them."""
        values = self._surveyed.environment.values
        in_clear: Collection[str] = {name for name in values if isinstance(values[name].source, Literal)}
        return [
            found.reveal()
            for reference, found in self._found.items()
            if isinstance(found, Secret) and reference.value not in in_clear
        ]

    def _lookup(self, reference: Reference) -> Secret:
        if not isinstance(self._found.get(reference), Secret):
            self.read([reference])
        return _present(reference, self._found[reference])

    def _obtained(self, reference: Reference) -> Secret | SealgenError:
        value = self._surveyed.environment.values[reference.value]
        try:
            parts = value.source.obtain(reference.value, self._surroundings)
            rules.check(reference.value, value.rules, parts)
        except SealgenError as error:
            return error
        return parts[reference.part]


def _present(reference: Reference, found: Secret | SealgenError) -> Secret:
    if isinstance(found, SealgenError):
        raise _absent(reference, found)
    return found


def _absent(reference: Reference, error: SealgenError) -> CannotTell:
    return CannotTell(f"{reference} can't be had: {error.message}", hint=error.hint)


def wanted_by(steps: Runbook) -> tuple[list[Reference], list[Reference]]:
    """Return what the steps are made of, and what their rollbacks are beyond that; each once."""
    needed = dict.fromkeys(reference for recipe in recipes(steps) for reference in references(recipe))
    undoing = dict.fromkeys(reference for recipe in recipes(steps, rollbacks=True) for reference in references(recipe))
    return list(needed), [reference for reference in undoing if reference not in needed]


def places_before(surveyed: Survey, wanted: Iterable[Reference], earlier: Journal | None) -> tuple[Before, ...]:
    """Return where the versions before that are wanted are live: by the lock, and by the journal of an earlier try."""
    known = {(before.value, before.part): before.places for before in (earlier.previous if earlier else ())}
    found = []
    for reference in wanted:
        if (value := value_before(reference.value)) is not None:
            now = read_back.places(surveyed, Reference(value, reference.part))
            places = dict.fromkeys((*now, *known.get((value, reference.part), ())))
            found.append(Before(value, reference.part, tuple(places)))
    return tuple(found)
