"""The procedure of a rotation: the runbooks of its values as one list of steps. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealgen.rotation.runbook import Phase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.rotation.runbook import Runbook, Step


def procedure(runbooks: Iterable[Runbook]) -> Runbook:
    """Return the steps of all, phase by phase.

    Each runbook's steps keep their order. A step that several have is done once where their orders allow it: so that
    values which are rotated together restart a workload once.
    """
    books = list(runbooks)
    steps: list[Step] = []
    for phase in Phase:
        joined: list[Step] = []
        for book in books:
            _join(joined, [step for step in book if step.phase is phase])
        steps += joined
    return tuple(steps)


def _join(steps: list[Step], others: list[Step]) -> None:
    """Put ``others`` among ``steps`` so that both keep their order, and what stands in both stands there once."""
    place = 0
    waiting: list[Step] = []
    for step in others:
        if step in steps[place:]:
            found = steps.index(step, place)
            steps[found:found] = waiting
            place = found + len(waiting) + 1
            waiting = []
        else:
            waiting.append(step)
    steps += waiting
