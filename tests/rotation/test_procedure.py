"""The runbooks of several values become one list: no step comes too early, and none is done more often than need be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from sealgen.rotation.procedure import procedure
from sealgen.rotation.runbook import Command, Phase, Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sealgen.rotation.runbook import Runbook

PHASES = st.lists(st.sampled_from("abcd"), max_size=5)
BOOKS = st.lists(st.tuples(PHASES, PHASES), min_size=1, max_size=3)


def book(before: Iterable[str], after: Iterable[str]) -> Runbook:
    return tuple(
        Step(phase, None, Command((name,), None, 600), None)
        for phase, names in ((Phase.BEFORE, before), (Phase.AFTER, after))
        for name in names
    )


def shown(steps: Runbook) -> str:
    return " ".join(f"{step.phase[0]}:{step.command.line}" for step in steps)


def is_among(steps: Sequence[Step], others: Sequence[Step]) -> bool:
    """Tell whether all steps are among the others, in their order."""
    left = iter(others)
    return all(step in left for step in steps)


@given(BOOKS)
def test_every_runbook_is_done_in_its_order_and_every_phase_in_its_turn(
    names: list[tuple[list[str], list[str]]],
) -> None:
    books = [book(*phases) for phases in names]
    joined = procedure(books)
    assert all(is_among(steps, joined) for steps in books)
    phases = [step.phase for step in joined]
    assert phases == sorted(phases, key=list(Phase).index)
    assert set(joined) == {step for steps in books for step in steps}


@given(PHASES, PHASES)
def test_a_runbook_with_itself_or_with_nothing_is_itself(before: list[str], after: list[str]) -> None:
    steps = book(before, after)
    assert procedure([steps]) == procedure([steps, steps]) == procedure([(), steps]) == steps


def test_what_several_have_is_done_once() -> None:
    jwt = book("", ["apply", "restart", "status"])
    postgres = book(["alter"], ["apply", "restart", "status"])
    redis = book(["add"], ["apply", "restart", "status", "remove"])
    assert shown(procedure([jwt, postgres, redis])) == "b:alter b:add a:apply a:restart a:status a:remove"


def test_where_orders_differ_a_step_is_done_again() -> None:
    assert shown(procedure([book("", "ab"), book("", "ba")])) == "a:a a:b a:a"
