"""What seal and plan have in common: the options that ask for something, and how a plan looks."""

from __future__ import annotations

import datetime as dt
import functools
import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sealgen.cli import each, report
from sealgen.cli.settings import settings
from sealgen.plan import Action

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.config.project import Project
    from sealgen.plan import Plan, Step
    from sealgen.reconcile.planning import Planned
    from sealgen.reconcile.request import Request
    from sealgen.values.secret import Secret
    from sealgen.values.source import Surroundings

C = TypeVar("C", bound="Callable[..., Any]")

_STYLES: dict[Action, dict[str, Any]] = {
    Action.KEEP: {"dim": True},
    Action.SEAL: {"fg": "green"},
    Action.WRITE: {"fg": "green"},
    Action.COPY: {"fg": "green"},
    Action.REWRITE: {"fg": "cyan"},
    Action.DROP: {"fg": "red"},
    Action.BLOCKED: {"fg": "yellow", "bold": True},
    Action.UNKNOWN: {"fg": "yellow", "bold": True},
}
_DONE = {
    Action.SEAL: "sealed",
    Action.WRITE: "written",
    Action.COPY: "copied",
    Action.REWRITE: "rewritten",
    Action.DROP: "dropped",
    Action.KEEP: "kept",
}
_TO_DO = {
    Action.SEAL: "to seal",
    Action.WRITE: "to write",
    Action.COPY: "to copy",
    Action.REWRITE: "to rewrite",
    Action.DROP: "to drop",
    Action.BLOCKED: "blocked",
    Action.UNKNOWN: "unknown",
    Action.KEEP: "to keep",
}


def requests(command: C) -> C:
    """Add the options that ask for something, handed to the command as one request."""
    from sealgen.config import CERTIFICATE_CHANGED  # noqa: PLC0415
    from sealgen.reconcile.request import Request  # noqa: PLC0415

    @click.option("--rotate", metavar="VALUE", multiple=True, help="Make the next version of VALUE; repeat for more.")
    @click.option("--only", metavar="SECRET[/KEY]", multiple=True, help="Leave all else as it is; repeat for more.")
    @click.option(
        "--accept-fingerprint-key",
        is_flag=True,
        help="Take this machine's key for the lock's, which is lost; what is read is sealed again.",
    )
    @click.option(
        "--from-cluster",
        is_flag=True,
        help="Read back from the live Secrets what is needed and was never stored.",
    )
    @click.option(
        "--certificate-changed",
        type=click.Choice(CERTIFICATE_CHANGED),
        help="Keep what another certificate sealed, or seal it again; default: as the environment says.",
    )
    @functools.wraps(command)
    def wrapped(*arguments: Any, rotate: tuple[str, ...], **named: Any) -> Any:
        fields = ("only", "accept_fingerprint_key", "from_cluster", "certificate_changed")
        request = Request(frozenset(rotate), **{field: named.pop(field) for field in fields})
        return command(*arguments, request=request, **named)

    return wrapped  # type: ignore[return-value]


def surroundings(project: Project, ask: Callable[[str], Secret] | None) -> Surroundings:
    """Return what sources may reach in this process."""
    from sealgen.stores.reading import Stores  # noqa: PLC0415
    from sealgen.values.source import Surroundings  # noqa: PLC0415

    stores = Stores(project.root, os.environ)
    return Surroundings(project.root, os.environ, ask, dt.datetime.now(dt.UTC), stores)


def recalled(context: click.Context, project: Project, name: str, request: Request) -> each.Outcome | None:
    """Tell that an environment is up to date, where nothing is different from when that was last found."""
    from sealgen.overlay import seen  # noqa: PLC0415
    from sealgen.reconcile.request import Request  # noqa: PLC0415

    current = settings(context)
    if current.json or current.verbose or request != Request():
        return None
    known = seen.recall(project.root, name)
    if known is None:
        return None
    report.say(f"{name}: {_size(known.secrets, known.keys)}, {_UP_TO_DATE}")
    return each.Outcome(0, {})


def _rows(plan: Plan, *, verbose: bool) -> list[Step]:
    return [step for step in plan.rows if verbose or step.action is not Action.KEEP]


def steps_text(environment: str, plan: Plan, *, verbose: bool) -> str:
    """Return the steps as a table with the environment's name above, or nothing if there are none to show."""
    rows = _rows(plan, verbose=verbose)
    if not rows:
        return ""
    cells = [
        (
            step.secret or f"({step.field})",
            step.key or "(manifest)",
            step.action,
            f"{step.reason}: {step.detail}" if step.detail else step.reason,
        )
        for step in rows
    ]
    styles = [_STYLES[step.action] for step in rows]
    lines = report.table(("secret", "key", "action", "reason"), cells, styles)
    return f"{click.style(environment, bold=True)}\n{lines}\n"


def summary(environment: str, secrets: int, keys: int, plan: Plan, *, done: bool) -> str:
    """Return the line that says it all."""
    words = _DONE if done else _TO_DO
    counts = {action: sum(step.action is action for step in plan.rows) for action in words}
    told = _UP_TO_DATE
    if plan.changes:
        told = ", ".join(f"{number} {words[action]}" for action, number in counts.items() if number)
    return f"{environment}: {_size(secrets, keys)}, {told}"


_UP_TO_DATE = "up to date"


def _size(secrets: int, keys: int) -> str:
    return f"{report.count(secrets, 'secret')}, {report.count(keys, 'key')}"


def plan_data(environment: str, secrets: int, keys: int, plan: Plan) -> dict[str, Any]:
    """Return a plan for the envelope."""
    return {
        "environment": environment,
        "secrets": secrets,
        "keys": keys,
        "steps": [
            {
                "secret": step.secret or None,
                "key": step.key or None,
                "action": str(step.action),
                "reason": str(step.reason),
                "detail": step.detail or None,
                **({"field": step.field} if step.field else {}),
            }
            for step in plan.rows
        ],
    }


def sizes(planned: Planned) -> tuple[int, int]:
    """Return how many Secrets and keys the environment has."""
    manifests = planned.survey.manifests
    return len(manifests), sum(len(secret.keys) for secret in manifests.values()) + planned.plan.previous
