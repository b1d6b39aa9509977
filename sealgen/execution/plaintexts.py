"""The values that the steps of a rotation read: made by the run, or from where the environment has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.errors import CannotTell, SealgenError
from sealgen.recipe import Reference, references, resolve
from sealgen.rotation.runbook import recipes
from sealgen.values.literal import Literal
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sealgen.execution.origins import Origin
    from sealgen.recipe import Recipe
    from sealgen.rotation.journal import Before
    from sealgen.rotation.runbook import Runbook
    from sealgen.values.source import Parts


class Plaintexts:
    """Values, and versions before, by reference.

    One that can't be had is asked for again when a step needs it: it may have reached the cluster meanwhile.
    """

    def __init__(self, origin: Origin, before: Iterable[Before]) -> None:
        self._origin = origin
        self._before = tuple(before)
        self._found: dict[Reference, Secret | SealgenError] = {}

    def take(self, made: Mapping[str, Parts]) -> None:
        """Take what a run has made."""
        self._origin = self._origin.with_next
        for name, parts in made.items():
            self._found |= {Reference(name, part): plaintext for part, plaintext in parts.items()}

    def read(self, wanted: Iterable[Reference]) -> None:
        """Read these from where they are."""
        self._found |= self._origin.read(wanted, self._before)

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
        values = self._origin.environment.values
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
