"""Carrying out the steps of a rotation one by one: each asked for, run, and noted before the next."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sealgen.errors import SealgenError
from sealgen.execution import commands
from sealgen.rotation.journal import SETTLED, Outcome
from sealgen.rotation.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sealgen.execution.plaintexts import Plaintexts
    from sealgen.execution.record import Record
    from sealgen.rotation.journal import Journal
    from sealgen.rotation.runbook import Command, Runbook, Step


class Answer(enum.Enum):
    """What a person says to a step."""

    RUN = enum.auto()
    SHOW = enum.auto()
    """Run it, and show what it prints."""
    SKIP = enum.auto()
    """It need not be done, or was done by hand."""
    ROLL_BACK = enum.auto()
    STOP = enum.auto()


class Person(Protocol):
    """Who is asked before each step, and told what came of it; steps count from 0."""

    def asked(self, number: int, step: Step) -> Answer:
        """Say what to do with a step: RUN, SHOW, SKIP or STOP."""

    def failed(self, number: int, step: Step, error: SealgenError) -> Answer:
        """Say what to do about a step that failed: any answer."""

    def asked_to_undo(self, number: int, step: Step) -> Answer:
        """Say what to do with a step's rollback: RUN, SHOW, SKIP or STOP."""

    def told(self, number: int, step: Step, outcome: Outcome) -> None:
        """Hear what came of a step."""

    def hear(self, line: str) -> None:
        """Hear a line that a program printed, where that was asked for."""


@dataclass(frozen=True)
class Ended:
    """How far it went."""

    at: int | None
    """The step that it ended before, or in; None where all were carried out."""
    error: SealgenError | None = None
    """What went wrong; None where a person ended it."""
    rolling_back: bool = False


@dataclass
class Execution:
    """A rotation that is under way."""

    steps: Runbook
    plaintexts: Plaintexts
    record: Record
    journal: Journal
    root: Path
    environ: Mapping[str, str]
    """The variables of the programs."""

    def carry_on(self, person: Person) -> Ended:
        """Run the steps that are left, and drop the journal after the last; raises SealgenError for the journal."""
        for number, step in enumerate(self.steps):
            if self.journal.entries[number].outcome in SETTLED:
                continue
            answer = person.asked(number, step)
            while answer in (Answer.RUN, Answer.SHOW):
                self._note(number, Outcome.BEGUN)
                error = self._run(step.command, person.hear if answer is Answer.SHOW else None)
                self._note(number, Outcome.FAILED if error else Outcome.DONE)
                if error is None:
                    person.told(number, step, Outcome.DONE)
                    break
                answer = person.failed(number, step, error)
                if answer is Answer.STOP:
                    return Ended(number, error)
            if answer is Answer.SKIP:
                self._note(number, Outcome.SKIPPED)
                person.told(number, step, Outcome.SKIPPED)
            elif answer in (Answer.STOP, Answer.ROLL_BACK):
                return Ended(number, rolling_back=answer is Answer.ROLL_BACK)
        self.record.forget()
        return Ended(None)

    def roll_back(self, person: Person) -> Ended:
        """Undo what was begun, the last first, and drop the journal; a step without a rollback stays as it is."""
        for number, step in reversed([*enumerate(self.steps)]):
            if self.journal.entries[number].outcome in (Outcome.LEFT, Outcome.SKIPPED):
                continue
            if step.rollback is not None:
                answer = person.asked_to_undo(number, step)
                if answer is Answer.STOP:
                    return Ended(number)
                if answer is not Answer.SKIP:
                    error = self._run(step.rollback, person.hear if answer is Answer.SHOW else None)
                    if error is not None:
                        return Ended(number, error)
                    person.told(number, step, Outcome.LEFT)
            self._note(number, Outcome.LEFT)
        self.record.forget()
        return Ended(None)

    def _note(self, number: int, outcome: Outcome) -> None:
        self.journal = self.journal.noting(number, outcome)
        self.record.write(self.journal)

    def _run(self, command: Command, hear: Callable[[str], None] | None) -> SealgenError | None:
        """Run a command; return what went wrong."""
        try:
            stdin = None if command.stdin is None else self.plaintexts.resolved(command.stdin)
        except SealgenError as error:
            return error
        mask = Mask(self.plaintexts.secret(), hear) if hear else None
        problem = commands.run(command, stdin, root=self.root, environ=self.environ, hear=mask.hear if mask else None)
        if mask is not None:
            mask.end()
        return SealgenError(problem) if problem else None
