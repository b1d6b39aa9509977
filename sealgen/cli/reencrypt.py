"""``sealgen reencrypt``: all ciphertexts under the controller's newest key, without any plaintext."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, findings, report
from sealgen.cli.progress import progress
from sealgen.cli.settings import environments, global_options, settings
from sealgen.overlay.transaction import pending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealgen.config.project import Project
    from sealgen.reconcile.reencryption import Move, Outstanding, Reencrypted


@click.command("reencrypt")
@environments
@click.option("--dry-run", is_flag=True, help="Only show what would be sealed again.")
@global_options
@click.pass_context
def command(context: click.Context, names: tuple[str, ...], every: bool, dry_run: bool) -> int:
    """Have the cluster's controller seal with its newest key what is under an older one; the values stay as they are.

    No plaintext leaves the cluster. What is done stays done where a run fails or is interrupted, and the next one goes
    on. Exits 0 when all is done, 11 where some could not be sealed again, 10 for --dry-run where there is something
    to do.
    """
    verbose = settings(context).verbose

    def run(project: Project, name: str) -> each.Outcome:
        from sealgen.cluster.of_environment import cluster_of, controller_of  # noqa: PLC0415
        from sealgen.reconcile.planning import sealed_secrets_backend  # noqa: PLC0415
        from sealgen.reconcile.reencryption import outstanding, reencrypt  # noqa: PLC0415

        environment = each.sealed(project, name, every=every)
        sealed_secrets_backend(environment)
        controller = controller_of(cluster_of(project, environment.cluster), environment.cluster)
        if dry_run:
            if left := pending(project.root, name):
                report.note(left)
            found = outstanding(project, environment, controller)
            report.say(_table(name, found.moves) + _to_do(found))
            _warn_of_unlocked(found)
            return each.Outcome(10 if found.moves else 0, _data(found, {"to_do": _moves(found.moves)}))
        with progress(f"{name}: sealing again, Secret") as told:
            ended = reencrypt(project, environment, controller, tell=report.note, progress=told)
        for finding in ended.findings:
            report.wrong(findings.text(finding))
        table = _table(name, ended.done) if verbose else ""
        report.say(table + _done(ended), to_stderr=ended.error is not None)
        _warn_of_unlocked(ended.outstanding)
        code = ended.error.exit_code if ended.error else 11 if ended.findings else 0
        data = {
            "done": _moves(ended.done),
            "failed": _moves(ended.refused),
            "left": _moves(ended.left),
            "findings": [findings.data(finding) for finding in ended.findings],
        }
        return each.Outcome(code, _data(ended.outstanding, data), ended.error)

    return each.environment(context, "reencrypt", names, every, run)


def _table(environment: str, moves: Sequence[Move]) -> str:
    if not moves:
        return ""
    rows = [(move.secret, key, move.certificates[key]) for move in moves for key in move.certificates]
    lines = report.table(("secret", "key", "sealed with"), rows, [{"fg": "green"}] * len(rows))
    return f"{click.style(environment, bold=True)}\n{lines}\n"


def _size(moves: Sequence[Move]) -> str:
    keys = sum(len(move.certificates) for move in moves)
    return f"{report.count(len(moves), 'secret')}, {report.count(keys, 'key')}"


def _told(found: Outstanding, *told: str) -> str:
    """Return the line that says it all."""
    kept = [f"{report.count(found.kept, 'key')} under the newest key already"] if found.kept or not told else []
    return f"{found.environment}: {', '.join([*told, *kept])}"


def _to_do(found: Outstanding) -> str:
    return _told(found, *([f"{_size(found.moves)} to seal again with {found.newest}"] if found.moves else []))


def _done(ended: Reencrypted) -> str:
    told = [f"{_size(ended.done)} sealed again with {ended.outstanding.newest}"] if ended.done else []
    if ended.refused:
        told.append(f"{_size(ended.refused)} not ({', '.join(move.secret for move in ended.refused)})")
    if ended.left:
        told.append(f"{_size(ended.left)} left, with which the next run goes on")
    return _told(ended.outstanding, *told)


def _warn_of_unlocked(found: Outstanding) -> None:
    if found.unlocked:
        report.warn(
            f"{found.environment}: not in the lock, so nobody can tell which key sealed it, and left as it is: "
            f"{', '.join(found.unlocked)}"
        )


def _moves(moves: Sequence[Move]) -> list[dict[str, Any]]:
    return [
        {"secret": move.secret, "key": key, "certificate": move.certificates[key]}
        for move in moves
        for key in move.certificates
    ]


def _data(found: Outstanding, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "environment": found.environment,
        "certificate": found.newest,
        "kept": found.kept,
        "unlocked": list(found.unlocked),
        **more,
    }
