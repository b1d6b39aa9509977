"""A composite action's steps, run as GitHub's runner runs them: expressions, conditions, environment and outputs.

Only what action.yml uses of expressions is known; anything else is an error. Source: "Contexts" and "Expressions" of
GitHub Actions, and the files of a step (``GITHUB_OUTPUT``, ``GITHUB_STEP_SUMMARY``).
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TOKEN = re.compile(r"\s*(?:(?P<text>'[^']*')|(?P<sign>==|!=|&&|\|\|)|(?P<always>always\(\))|(?P<name>[\w.-]+))")


def evaluated(expression: str, contexts: Mapping[str, Any]) -> str | bool:
    """Return what an expression gives: ``a == 'b' && c != ''``, or the text that a name stands for."""
    tokens = []
    place = 0
    while place < len(expression.rstrip()):
        match = _TOKEN.match(expression, place)
        assert match, f"the test's runner does not know {expression[place:]!r}"
        tokens.append(match)
        place = match.end()
    alternatives: list[list[Any]] = [[]]
    for token in tokens:
        if token["sign"] == "||":
            alternatives.append([])
        else:
            alternatives[-1].append(token["sign"] or _operand(token, contexts))
    if len(tokens) == 1:
        return str(alternatives[0][0])
    return any(_all(parts) for parts in alternatives)


def _operand(token: re.Match[str], contexts: Mapping[str, Any]) -> str | bool:
    if token["text"]:
        return token["text"][1:-1]
    if token["always"]:
        return True
    found: Any = contexts
    for name in token["name"].split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def _all(parts: list[Any]) -> bool:
    """Tell whether all of ``a == b``, ``a != b`` and ``a`` between ``&&`` hold."""
    terms: list[list[Any]] = [[]]
    for part in parts:
        if part == "&&":
            terms.append([])
        else:
            terms[-1].append(part)
    return all((term[0] == term[2]) == (term[1] == "==") if len(term) == 3 else bool(term[0]) for term in terms)


def filled(text: Any, contexts: Mapping[str, Any]) -> str:
    """Return a text with its ``${{ … }}`` replaced."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(evaluated(match[1].strip(), contexts)), str(text))


@dataclass
class Ran:
    """How the steps ended: by name, those that ran."""

    codes: dict[str, int] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    """The action's own."""


def run(
    action: Mapping[str, Any], given: Mapping[str, str], github: Mapping[str, Any], env: Mapping[str, str], at: Path
) -> Ran:
    """Run an action's steps in the folder ``at``, but for its first, which installs.

    ``given`` are the inputs that a workflow says, ``env`` is what every step has. After a step that failed, only those
    run whose condition says ``always()``.
    """
    contexts: dict[str, Any] = {"github": github, "steps": {}}
    defaults = {name: filled(told.get("default", ""), contexts) for name, told in action["inputs"].items()}
    contexts["inputs"] = {**defaults, **given}
    ran = Ran()
    for step in action["runs"]["steps"][1:]:
        condition = str(step.get("if", "always()"))
        failed = any(ran.codes.values())
        if (failed and "always()" not in condition) or ("if" in step and not evaluated(condition, contexts)):
            continue
        outputs = at.parent / f"output-{len(ran.codes)}"
        outputs.touch()
        own = {name: filled(text, contexts) for name, text in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=at,
            env={**env, **own, "GITHUB_OUTPUT": str(outputs)},
            capture_output=True,
            text=True,
            check=False,
        )
        ran.codes[step["name"]] = done.returncode
        ran.out[step["name"]] = done.stdout + done.stderr
        told = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        contexts["steps"][step.get("id", step["name"])] = {"outputs": told}
    ran.outputs = {name: filled(told["value"], contexts) for name, told in action["outputs"].items()}
    return ran
