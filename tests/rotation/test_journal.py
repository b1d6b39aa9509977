"""The journal of a rotation comes back as it was written, or is refused; it says where to go on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from sealgen.rotation.journal import SETTLED, Before, Entry, Held, Journal, Outcome, Versions, dump, fresh, read
from sealgen.rotation.runbook import Command, Phase, Step

NAMES = st.text("abc-", min_size=1, max_size=5)
HELD = st.builds(Held, NAMES, NAMES, NAMES, NAMES)
JOURNALS = st.builds(
    Journal,
    st.dictionaries(NAMES, st.builds(Versions, st.none() | NAMES, st.none() | NAMES), max_size=3),
    st.lists(st.builds(Before, NAMES, NAMES, st.lists(HELD, max_size=2).map(tuple), st.none() | NAMES), max_size=2).map(
        tuple
    ),
    st.lists(st.builds(Entry, NAMES, st.sampled_from(Outcome)), max_size=5).map(tuple),
)


def steps(*names: str) -> tuple[Step, ...]:
    return tuple(Step(Phase.AFTER, None, Command((name,), None, 600), None) for name in names)


@given(JOURNALS)
def test_it_comes_back_as_it_was_written(journal: Journal) -> None:
    assert read(dump(journal), "journal") == journal


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-2],
        lambda text: text + " ",
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: text.replace('"rotation"', '"lock"'),
        lambda text: text.replace('"left"', '"gone"'),
        lambda text: text.replace('"values"', '"value"'),
        lambda text: text.replace('"after"', '"then"'),
        lambda text: text.replace('"entries": [', '"entries": [{}, '),
        lambda _: "",
        lambda _: "[]",
        lambda _: "null",
        lambda _: '{"sealgen": "rotation"}',
        lambda text: json.dumps(json.loads(text)),
        lambda _: "[" * 100_000,
    ],
)
def test_anything_else_is_refused(damage: object) -> None:
    assert callable(damage)
    journal = Journal({"a": Versions("1-00000000", "2-00000000")}, (), fresh(steps("one")))
    with pytest.raises(ConfigurationError) as caught:
        read(damage(dump(journal).decode()).encode(), ".sealgen/rotations/staging.journal")
    assert (caught.value.message, caught.value.hint) == (
        ".sealgen/rotations/staging.journal is no journal of a rotation as sealgen writes it",
        "How far its rotation went is not known any more: look there, remove the file, and rotate again.",
    )


def test_it_goes_on_with_the_first_step_that_is_not_settled() -> None:
    journal = Journal({}, (), fresh(steps("one", "two", "three")))
    assert journal.settled == 0
    journal = journal.noting(0, Outcome.DONE).noting(1, Outcome.SKIPPED)
    assert journal.settled == 2
    assert journal.noting(2, Outcome.FAILED).settled == 2
    assert journal.noting(2, Outcome.DONE).settled == 3
    assert journal.noting(0, Outcome.BEGUN).settled == 0


def test_steps_that_are_left_may_change_and_those_that_are_settled_may_not() -> None:
    journal = Journal({}, (), fresh(steps("one", "two"))).noting(0, Outcome.DONE).noting(1, Outcome.FAILED)
    left, failed = Outcome.LEFT, Outcome.FAILED
    for now, outcomes in (
        (steps("one", "two"), [failed]),
        (steps("one", "mended"), [failed]),
        (steps("one"), []),
        (steps("one", "a", "b", "two", "c"), [left, left, failed, left]),
    ):
        following = journal.following(now)
        assert following is not None
        assert [entry.step for entry in following.entries] == [step.digest for step in now]
        assert [entry.outcome for entry in following.entries] == [Outcome.DONE, *outcomes]
    for now in (steps("two", "one"), steps("two"), steps()):
        assert journal.following(now) is None


def test_what_is_settled_needs_nobody_any_more() -> None:
    assert {*SETTLED} == {Outcome.DONE, Outcome.SKIPPED}
