"""How the steps around a rotation look, to the person who is asked about each and in the JSON document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgen import recipe
from sealgen.cli import report
from sealgen.errors import printable
from sealgen.execution.rotation import Answer
from sealgen.rotation.journal import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.errors import SealgenError
    from sealgen.rotation.journal import Entry
    from sealgen.rotation.runbook import Command, Runbook, Step


class Person:
    """Asks at the terminal, or nobody."""

    def __init__(self, name: str, total: int, *, asks: bool, shows: bool) -> None:
        self._name = name
        self._total = total
        self._asks = asks
        self._shows = shows

    def asked(self, number: int, step: Step) -> Answer:
        """Show a step, and ask what to do with it."""
        report.say(_shown(number, step))
        return self._answer(number, "run it?", ("yes", "show", "skip", "stop"))

    def failed(self, number: int, step: Step, error: SealgenError) -> Answer:
        """Ask what to do about a step that failed; where nobody can answer, it is the end."""
        if not self._asks:
            return Answer.STOP
        report.warn(f"{self._name}: step {number + 1} of {self._total} failed: {error.message}")
        return self._answer(number, "it failed;", ("retry", "show", "skip", "rollback", "stop"))

    def asked_to_undo(self, number: int, step: Step) -> Answer:
        """Show what undoes a step, and ask whether to do it."""
        report.say(_shown(number, step, undoing=True))
        return self._answer(number, "undo it?", ("yes", "show", "skip", "stop"))

    def told(self, number: int, step: Step, outcome: Outcome) -> None:
        """Tell what came of a step."""
        words = {Outcome.DONE: "done", Outcome.SKIPPED: "skipped", Outcome.LEFT: "undone"}
        report.say(f"    {words[outcome]}")

    def hear(self, line: str) -> None:
        """Show a line that a program printed, beside what was asked for."""
        click.echo(f"    | {printable(line)}", err=True)

    def _answer(self, number: int, question: str, words: Sequence[str]) -> Answer:
        if not self._asks:
            return Answer.SHOW if self._shows else Answer.RUN
        choices = f"{', '.join(words[:-1])} or {words[-1]}"
        while True:
            told = printable(f"{self._name}: step {number + 1} of {self._total}: {question} Type {choices}:")
            given: str = click.prompt(told, prompt_suffix=" ", default="", show_default=False, err=True)
            if given in words:
                answer = _ANSWERS[given]
                return Answer.SHOW if answer is Answer.RUN and self._shows else answer


_ANSWERS = {
    "yes": Answer.RUN,
    "retry": Answer.RUN,
    "show": Answer.SHOW,
    "skip": Answer.SKIP,
    "rollback": Answer.ROLL_BACK,
    "stop": Answer.STOP,
}


def overview(todo: Runbook) -> str:
    """Return all steps for people."""
    return "\n".join(_shown(number, step) for number, step in enumerate(todo))


def _shown(number: int, step: Step, *, undoing: bool = False) -> str:
    """Return a step for people: its number, when it is its turn, what it runs and what that reads."""
    command = step.rollback if undoing and step.rollback is not None else step.command
    head = click.style(f"{number + 1:>3} {'undo' if undoing else step.phase}", bold=True)
    lines = [f"{head}: {printable(step.name)}"] if step.name else [head]
    lines.append(f"    {click.style('$', dim=True)} {printable(command.line)}")
    if command.stdin is not None:
        text = recipe.text(command.stdin).rstrip("\n")
        lines += [f"    {click.style('<', dim=True)} {printable(line)}" for line in text.split("\n")]
    return "\n".join(lines)


def data(todo: Runbook, entries: Sequence[Entry] = ()) -> list[dict[str, Any]]:
    """Return steps for the envelope: what programs read with placeholders, and what came of each where it is known."""
    outcomes = [str(entry.outcome) for entry in entries] if entries else [None] * len(todo)
    return [
        {
            "number": number,
            "phase": str(step.phase),
            "name": step.name,
            **_command_data(step.command),
            "rollback": None if step.rollback is None else _command_data(step.rollback),
            "outcome": outcome,
        }
        for number, (step, outcome) in enumerate(zip(todo, outcomes, strict=True), start=1)
    ]


def _command_data(command: Command) -> dict[str, Any]:
    return {"run": list(command.run), "stdin": None if command.stdin is None else recipe.text(command.stdin)}
