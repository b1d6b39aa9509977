"""Whatever a person answers and whatever fails: steps are run in order, and the journal says how far it went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.execution import commands
from sealgen.execution.rotation import Answer, Ended, Execution
from sealgen.rotation.journal import Entry, Journal, Outcome
from sealgen.rotation.runbook import Command, Phase, Step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealgen.errors import SealgenError
    from sealgen.execution.record import Record

NAMES = "abcd"


@dataclass
class Kept:
    """A journal that is kept in memory."""

    written: list[Journal] = field(default_factory=list)
    forgotten: bool = False

    def write(self, journal: Journal) -> None:
        """Keep it."""
        self.written.append(journal)

    def forget(self) -> None:
        """Note that."""
        self.forgotten = True


class Nobody:
    """Plaintexts, of which there are none."""

    def secret(self) -> list[bytes]:
        return []


@dataclass
class Scripted:
    """A person whose answers are written down; then it is RUN, and STOP after a failure."""

    before: Iterator[Answer]
    after: Iterator[Answer]

    def asked(self, number: int, step: Step) -> Answer:
        return next(self.before, Answer.RUN)

    def failed(self, number: int, step: Step, error: SealgenError) -> Answer:
        return next(self.after, Answer.STOP)

    def asked_to_undo(self, number: int, step: Step) -> Answer:
        return next(self.before, Answer.RUN)

    def told(self, number: int, step: Step, outcome: Outcome) -> None:
        """Hear it."""

    def hear(self, line: str) -> None:
        """Hear it."""


def steps() -> tuple[Step, ...]:
    return tuple(
        Step(Phase.AFTER, None, Command((name,), None, 1), Command((name.upper(),), None, 1) if name != "c" else None)
        for name in NAMES
    )


def execution(outcomes: list[Outcome]) -> tuple[Execution, Kept]:
    kept = Kept()
    entries = tuple(Entry(step.digest, outcome) for step, outcome in zip(steps(), outcomes, strict=True))
    journal = Journal({}, (), entries)
    root: Any = None
    return Execution(steps(), cast("Any", Nobody()), cast("Record", kept), journal, root, {}), kept


ANSWERS = st.lists(st.sampled_from([Answer.RUN, Answer.SHOW, Answer.SKIP, Answer.STOP]), max_size=6)
AFTER = st.lists(st.sampled_from(Answer), max_size=6)
FAILING = st.lists(st.booleans(), max_size=8)
OUTCOMES = st.lists(st.sampled_from(Outcome), min_size=4, max_size=4)


@given(OUTCOMES, ANSWERS, AFTER, FAILING)
def test_a_step_is_settled_once_it_was_run_or_skipped_and_no_step_before_it_is_left(
    outcomes: list[Outcome], before: list[Answer], after: list[Answer], failing: list[bool]
) -> None:
    ran: list[str] = []
    fails = iter(failing)

    def run(command: Command, stdin: object, **_: object) -> str | None:
        ran.append(command.run[0])
        # What it is about to do is on disk.
        number = NAMES.index(command.run[0])
        assert kept.written[-1].entries[number].outcome is Outcome.BEGUN
        return "it fails" if next(fails, False) else None

    begun, kept = execution(outcomes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "run", run)
        ended = begun.carry_on(Scripted(iter(before), iter(after)))
    settled = [entry.outcome in (Outcome.DONE, Outcome.SKIPPED) for entry in begun.journal.entries]
    assert kept.forgotten == (ended.at is None) == all(settled)
    if ended.at is not None:
        assert all(settled[: ended.at])
        assert not settled[ended.at]
    # In order; again only where it failed; and nothing that was settled.
    assert ran == sorted(ran)
    assert not {
        name for name, outcome in zip(NAMES, outcomes, strict=True) if outcome in (Outcome.DONE, Outcome.SKIPPED)
    } & {*ran}
    assert (ended.error is None) or not ended.rolling_back


@given(OUTCOMES, FAILING)
def test_a_rollback_undoes_what_was_begun_the_last_first_and_can_be_tried_again(
    outcomes: list[Outcome], failing: list[bool]
) -> None:
    ran: list[str] = []
    fails = iter(failing)

    def run(command: Command, stdin: object, **_: object) -> str | None:
        if next(fails, False):
            return "it fails"
        ran.append(command.run[0])
        return None

    begun, kept = execution(outcomes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "run", run)
        while begun.roll_back(Scripted(iter(()), iter(()))).at is not None:
            assert not kept.forgotten
    touched = (Outcome.BEGUN, Outcome.FAILED, Outcome.DONE)
    expected = [
        name.upper() for name, outcome in zip(NAMES, outcomes, strict=True) if outcome in touched and name != "c"
    ]
    assert ran == expected[::-1]
    assert kept.forgotten


def test_a_person_may_end_a_rollback_or_leave_a_step_of_it_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(commands, "run", lambda command, _, **__: ran.append(command.run[0]))
    begun, kept = execution([Outcome.DONE] * 4)
    assert begun.roll_back(Scripted(iter([Answer.SKIP, Answer.STOP]), iter(()))) == Ended(1)
    assert (ran, kept.forgotten) == ([], False)
    assert [entry.outcome for entry in begun.journal.entries] == [
        Outcome.DONE,
        Outcome.DONE,
        Outcome.LEFT,
        Outcome.LEFT,
    ]
