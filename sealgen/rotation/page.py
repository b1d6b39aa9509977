"""A rotation as a page of Markdown, for a change request or an operator; it needs and has no value. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sealgen import recipe
from sealgen.errors import printable
from sealgen.formats.markdown import inert
from sealgen.rotation.runbook import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sealgen.rotation.runbook import Command, Runbook, Step

_TITLES = {
    Phase.BEFORE: "Before the cluster has it",
    Phase.AFTER: "To the cluster, and after",
    Phase.VERIFY: "Verify",
}


def page(
    environment: str, values: Mapping[str, Sequence[str]], steps: Runbook, context: str | None, *, in_store: bool
) -> str:
    """Return the page.

    ``values`` has, by name, the keys (``SECRET/KEY``) that are made of it; ``context`` is the kubeconfig's in which
    the commands are run, None for its current one; ``in_store`` tells that an operator reads them from a store.
    """
    names = ", ".join(f"`{name}`" for name in values)
    keys = ", ".join(dict.fromkeys(f"`{key}`" for places in values.values() for key in places))
    where = f"the context {inert(context)}" if context else "the current context"
    paragraphs = [
        f"# {environment}: rotate {names}",
        "All of it is done, one step after another, by",
        _block(f"sealgen rotate {environment} {' '.join(values)} --execute", "sh"),
        f"«…» stands for what only that run has. Commands run in the project's root, with {where} of the kubeconfig.",
        "## Put" if in_store else "## Seal",
        f"1. Make the next version of {names}, and put it into the store; what is made of it: {keys}."
        if in_store
        else f"1. Make the next version of {names}, and seal what is made of it: {keys}.",
    ]
    phase = None
    for number, step in enumerate(steps, start=2):
        if step.phase is not phase:
            phase = step.phase
            paragraphs.append(f"## {_TITLES[phase]}")
        paragraphs.append(_step(number, step))
    return "\n\n".join(paragraphs) + "\n"


def _step(number: int, step: Step) -> str:
    """Return an item of a list, whose paragraphs are indented as its text is."""
    paragraphs = [f"{inert(step.name)}:"] if step.name else ["Run:"]
    paragraphs += _command(step.command)
    if step.rollback is not None:
        paragraphs += ["To undo it:", *_command(step.rollback)]
    lead = f"{number}. "
    lines = "\n\n".join(paragraphs).split("\n")
    return lead + "\n".join(lines[:1] + [f"{' ' * len(lead)}{line}".rstrip() for line in lines[1:]])


def _command(command: Command) -> list[str]:
    told = [_block(command.line, "sh")]
    if command.stdin is not None:
        told += ["with this on its standard input:", _block(recipe.text(command.stdin), "")]
    return told


def _block(text: str, language: str) -> str:
    """Return a fenced block, whose fence is longer than any in the text."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text)), 3)
    lines = map(printable, text.rstrip("\n").split("\n"))
    return "\n".join((f"{fence}{language}", *lines, fence))
