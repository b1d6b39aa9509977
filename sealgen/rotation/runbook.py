"""A value's runbook: the steps of its ``rotation``, rendered so that a secret is only in what a program reads. Pure.

Arguments are text, as others on the machine see them. Standard input is a recipe, as a key of a Secret is: it is known
without any plaintext, and meets one when the step is run.
"""

from __future__ import annotations

import enum
import hashlib
import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sealgen import recipe
from sealgen.errors import ConfigurationError, printable
from sealgen.template.names import Previous
from sealgen.template.rendering import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sealgen.recipe import Recipe
    from sealgen.values.rotation import CommandTemplate, Rotation, Template


class Phase(enum.StrEnum):
    """When a step's turn is."""

    BEFORE = enum.auto()
    AFTER = enum.auto()
    VERIFY = enum.auto()


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run."""

    run: tuple[str, ...]
    stdin: Recipe | None
    timeout: int
    """In seconds."""

    @property
    def line(self) -> str:
        """The command as somebody would type it."""
        return shlex.join(self.run)

    def canonical(self) -> object:
        """Return what tells it from another, as JSON data."""
        return [self.run, None if self.stdin is None else recipe.digest(self.stdin)]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a rotation."""

    phase: Phase
    name: str | None
    command: Command
    rollback: Command | None

    @property
    def title(self) -> str:
        """What it is called: its name, or the command."""
        return self.name or self.command.line

    @property
    def digest(self) -> str:
        """The SHA-256, in hex, of what it does. It tells nothing of any value."""
        undone = None if self.rollback is None else self.rollback.canonical()
        canonical = ["sealgen step 1", self.phase, self.command.canonical(), undone]
        return hashlib.sha256(json.dumps(canonical, separators=(",", ":")).encode()).hexdigest()


Runbook: TypeAlias = tuple[Step, ...]


def runbook(
    value: str,
    rotation: Rotation,
    known: Mapping[str, tuple[str, ...]],
    variables: Mapping[str, Any],
    names: Mapping[str, Any],
) -> Runbook:
    """Return the steps around the next version of ``value``.

    ``known`` has the parts of each value of the environment; ``variables`` are ``vars.*``, and ``names`` all else that
    steps see. Raises ConfigurationError, at the text, for what can't be rendered, and for a secret in an argument.
    """
    writer = _Writer(value, known, variables, names)
    phases = ((Phase.BEFORE, rotation.before), (Phase.AFTER, rotation.after), (Phase.VERIFY, rotation.verify))
    return tuple(
        Step(
            phase,
            step.name,
            writer.command(step.command),
            None if step.rollback is None else writer.command(step.rollback),
        )
        for phase, steps in phases
        for step in steps
    )


class _Writer:
    """Renders the texts of one value's rotation."""

    def __init__(
        self,
        value: str,
        known: Mapping[str, tuple[str, ...]],
        variables: Mapping[str, Any],
        names: Mapping[str, Any],
    ) -> None:
        self._known = known
        self._variables = variables
        self._names = {**names, "previous": Previous({value: known[value]}, {})}
        self._texts: dict[str, str] = {}
        self._templates = Templates(self._texts.get)

    def command(self, written: CommandTemplate) -> Command:
        run = tuple(map(self._argument, written.run))
        if not run[0]:
            raise ConfigurationError(f"{written.run[0].path}: the program's name is empty", at=written.run[0].at)
        stdin = None if written.stdin is None else self._recipe(written.stdin)
        return Command(run, stdin, written.timeout)

    def _argument(self, template: Template) -> str:
        parts = self._recipe(template)
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) != len(parts):
            shown = recipe.text(tuple(part for part in parts if not isinstance(part, str))[:1])
            raise ConfigurationError(
                f"{template.path}: {shown} is a secret, and others see the arguments of a program; "
                "give it on standard input (stdin:)",
                at=template.at,
            )
        argument = "".join(texts)
        if printable(argument) != argument:
            raise ConfigurationError(f"{template.path}: an argument must be printable text", at=template.at)
        return argument

    def _recipe(self, template: Template) -> Recipe:
        if "{" not in template.text:  # as most arguments are
            return recipe.join([template.text])
        self._texts[template.path] = template.text
        try:
            rendered = self._templates.render(
                template.path, known=self._known, aliases={}, variables=self._variables, names=self._names
            )
        except ConfigurationError as error:
            raise ConfigurationError(f"{template.path}: {error.message}", at=template.at, hint=error.hint) from None
        return rendered.recipe(rendered.text)


def recipes(steps: Runbook, *, rollbacks: bool = False) -> Iterator[Recipe]:
    """Yield what the programs of the steps read, or those of their rollbacks."""
    for step in steps:
        command = step.rollback if rollbacks else step.command
        if command is not None and command.stdin is not None:
            yield command.stdin
