"""``sealgen migrate``: an environment gets another backend, and its overlay and lock follow at once."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import each, plan, report, seal, steps
from sealgen.cli.settings import complete_environment, global_options, settings
from sealgen.errors import ConfigurationError, SealgenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.config.fields import Given
    from sealgen.config.project import Project
    from sealgen.reconcile.migration import Advice, Move, Moved
    from sealgen.reconcile.planning import Planned

_KINDS = ("external-secrets", "sealed-secrets", "plain")
_NEXT = {
    "there": "it is read from there",
    "push": "sealgen push puts it there",
    "made": "sealgen push makes it there",
    "operator": "the operator makes it, unless it is there",
    "cluster": "only the cluster has it, unless it was pushed",
    "source": "it is read from its source",
    "rotated": "it is made anew",
}

_LAST_CHANCE = """\
sealgen push makes a new version of what only the cluster has, as a rotation does. To keep what is live, put it into the
store while the environment is sealed, with the same push:, by sealgen push {name} --from-cluster; or have the operator
put it there, before the overlay is applied: sealgen push {name} --push-secrets | kubectl apply -f -
"""


class _Declined(Exception):  # noqa: N818  (a person's wish, not a fault)
    """Somebody saw what would be written and said no."""


@click.command("migrate")
@click.argument("name", metavar="ENV", shell_complete=complete_environment)
@click.option("--to", "kind", type=click.Choice(_KINDS), required=True, help="The backend that it gets.")
@click.option("--with", "file", metavar="FILE", help="Fields to write, as an environment file has them; - for input.")
@click.option("--certificate", metavar="FILE|URL", help="For sealed-secrets: the controller's, which is pinned.")
@click.option("--rotate", metavar="VALUE", multiple=True, help="For sealed-secrets: make VALUE anew; repeat for more.")
@click.option("--dry-run", is_flag=True, help="Only show what would be written.")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@global_options
@click.pass_context
def command(
    context: click.Context,
    name: str,
    kind: str,
    file: str | None,
    certificate: str | None,
    rotate: tuple[str, ...],
    dry_run: bool,
    yes: bool,
) -> int:
    """Give an environment another backend: its file is edited in place, and its overlay and lock follow at once.

    FILE has backend: and whatever else the environment needs with it, such as push:, and is written as it stands there,
    comments included; a field that is null is taken out. At a terminal a typed yes confirms what is shown. No cluster
    and no store is asked; what is left to do there is told, value by value.

    Exits 0 when it is done or the environment has that backend, 10 for --dry-run or without a yes, 12 when a value is
    needed that can't be had here.
    """
    if certificate and kind != "sealed-secrets":
        raise click.UsageError(f"--certificate is for --to sealed-secrets; {kind} needs none")
    if rotate and kind != "sealed-secrets":
        raise click.UsageError(f"--rotate is for --to sealed-secrets; {kind} seals nothing")
    if certificate and file:
        raise click.UsageError("say --certificate or --with, not both")
    asks = not (yes or dry_run) and report.is_heard() and sys.stdin.isatty()

    def run(project: Project, name: str) -> each.Outcome:
        from sealgen.reconcile.migration import kind_of  # noqa: PLC0415

        if kind_of(project.environment(name)) == kind:
            report.say(f"{name}: its backend is {kind} already")
            return each.Outcome(0, {})
        with _without_option():
            fields = _fields(project, name, kind, file, certificate)
            try:
                if kind == "sealed-secrets":
                    return _to_sealed(context, project, name, fields, frozenset(rotate), asks=asks, dry_run=dry_run)
                return _to_others(context, project, name, kind, fields, asks=asks, dry_run=dry_run)
            except _Declined:
                report.say(f"{name}: nothing was written")
                return each.Outcome(10, {})

    return each.environment(context, "migrate", (name,), False, run)


_OPTION = "--certificate"


@contextlib.contextmanager
def _without_option() -> Iterator[None]:
    """Tell no place in a file where what is wrong comes from the command line."""
    try:
        yield
    except SealgenError as error:
        if error.at is not None and error.at.file == _OPTION:
            error.at = None
        raise


def _fields(project: Project, name: str, kind: str, file: str | None, certificate: str | None) -> Given:
    from sealgen import certificates  # noqa: PLC0415
    from sealgen.config import fields  # noqa: PLC0415

    if file is not None:
        content = certificates.content_of(file)
        return fields.given(content, "standard input" if file == "-" else file)
    if certificate is not None:
        return fields.given(_sealed_with(project, name, certificate).encode(), _OPTION)
    if kind == "plain":
        return fields.given(b"backend:\n  kind: plain\n", kind)
    if kind == "sealed-secrets":
        raise ConfigurationError(
            "--to sealed-secrets needs the controller's certificate",
            hint="Name it: --certificate environments/certificates/NAME.pem; --with FILE says all of backend:",
        )
    raise ConfigurationError(
        "--to external-secrets needs the store that the operator reads",
        hint="Say it in a file, --with FILE: backend: {kind: external-secrets, secret_store: {name: …, vault: {…}}}, "
        "and push: {vault: 'secret/NAME/{environment}', property: '{value}'} for values that are not there yet.",
    )


def _sealed_with(project: Project, name: str, certificate: str) -> str:
    """Return the fields of an environment that is sealed with a certificate, and its output where it has none."""
    from sealgen import certificates  # noqa: PLC0415
    from sealgen.config.merging import merged  # noqa: PLC0415
    from sealgen.crypto import certificate as certificate_rules  # noqa: PLC0415

    if "://" in certificate:
        offered = certificates.offered_by(certificate).certificate
    else:
        content = project.read(certificate)
        if content is None:
            raise ConfigurationError(
                f"there is no {certificate} in the project", hint="Name it by its path from the project's root."
            )
        offered = certificate_rules.load(content, certificate)
    written = (
        "'" + certificate.replace("'", "''") + "'" if set(certificate) & set("'\"#: {}[],&*!|>%@`") else certificate
    )
    output = "" if merged(name, project.read).get("output") else f"output: k8s/overlays/{name}\n"
    return f"backend:\n  kind: sealed-secrets\n  certificate: {written}\n  fingerprint: {offered.fingerprint}\n{output}"


def _to_sealed(
    context: click.Context,
    project: Project,
    name: str,
    fields: Given,
    rotate: frozenset[str],
    *,
    asks: bool,
    dry_run: bool,
) -> each.Outcome:
    from sealgen.reconcile.migration import check_at_hand, placed, prepare  # noqa: PLC0415
    from sealgen.reconcile.request import Request  # noqa: PLC0415

    move = prepare(project, name, "sealed-secrets", fields)
    request = Request(rotate)
    with placed(move.edit):
        check_at_hand(move, rotate)
        if dry_run:
            outcome = plan.show(context, move.project, name, request, every=False)
            report.say(_told(move).rstrip("\n"))
            return each.Outcome(outcome.exit_code, _data(move, outcome.data))

        def approve(planned: Planned) -> None:
            report.say(steps.steps_text(name, planned.plan, verbose=settings(context).verbose).rstrip("\n"))
            _confirm(move)

        outcome = seal.carry_out(
            context,
            move.project,
            name,
            request,
            every=False,
            waits=True,
            approve=approve if asks else None,
            along=(move.change,),
        )
    if outcome.error is None:
        report.say(_told(move).rstrip("\n"))
    return each.Outcome(outcome.exit_code, _data(move, outcome.data), outcome.error)


def _to_others(
    context: click.Context, project: Project, name: str, kind: str, fields: Given, *, asks: bool, dry_run: bool
) -> each.Outcome:
    from sealgen.reconcile.migration import carry_out, outlook, prepare  # noqa: PLC0415

    if dry_run:
        moved = outlook(prepare(project, name, kind, fields))
        report.say(_table(context, moved) + _summary(moved, done=False))
        report.say(_told(moved.move).rstrip("\n"))
        return each.Outcome(10, _moved_data(context, moved))

    def approve(moved: Moved) -> None:
        if asks:
            report.say(_table(context, moved).rstrip("\n"))
            _confirm(moved.move)

    moved = carry_out(project, name, kind, fields, tell=report.note, waiting=report.note, approve=approve)
    report.say(("" if asks else _table(context, moved)) + _summary(moved, done=True))
    report.say(_told(moved.move).rstrip("\n"))
    files = [str(change.path) for change in moved.changes if change.before != change.after]
    data = _moved_data(context, moved)
    return each.Outcome(0, {**data, "files": files} if data else {})


def _confirm(move: Move) -> None:
    """Ask for a typed yes; raises _Declined where it is none."""
    name = move.environment.name
    if not report.is_confirmed(f"{name}: from {_way(move)}? Type yes:"):
        raise _Declined


def _way(move: Move) -> str:
    from sealgen.reconcile.migration import kind_of  # noqa: PLC0415

    return f"{kind_of(move.before)} to {kind_of(move.environment)}"


def _table(context: click.Context, moved: Moved) -> str:
    return steps.steps_text(moved.move.environment.name, moved.plan, verbose=settings(context).verbose)


def _summary(moved: Moved, *, done: bool) -> str:
    return steps.summary(moved.move.environment.name, moved.secrets, moved.keys, moved.plan, done=done)


def _told(move: Move) -> str:
    """Return what is to be done about each value, and the commands that bring the cluster after the files."""
    from sealgen.reconcile.migration import Next, advice, commands  # noqa: PLC0415

    rows = [(one.value, _place(one), _NEXT[one.next]) for one in advice(move)]
    told = f"{report.table(('value', 'place', 'next'), rows, [{}] * len(rows))}\n" if rows else ""
    lines = "".join(f"  {line}\n" for line in commands(move))
    if any(one.next is Next.CLUSTER for one in advice(move)):
        told += _LAST_CHANCE.format(name=move.environment.name)
    return f"{told}Commit it. Then, in this order, so that every Secret is there all the time:\n{lines}"


def _place(advice: Advice) -> str:
    if advice.place is None:
        return ""
    part = advice.place.part
    return " ".join((advice.place.kind, part.entry.name, ".".join(part.property))).rstrip()


def _moved_data(context: click.Context, moved: Moved) -> dict[str, Any]:
    if not settings(context).json:
        return {}
    return _data(moved.move, steps.plan_data(moved.move.environment.name, moved.secrets, moved.keys, moved.plan))


def _data(move: Move, data: dict[str, Any]) -> dict[str, Any]:
    from sealgen.reconcile.migration import advice, commands, kind_of  # noqa: PLC0415

    if not data:
        return {}
    return {
        **data,
        "from": kind_of(move.before),
        "to": kind_of(move.environment),
        "values": [{"value": one.value, "place": _place(one) or None, "next": str(one.next)} for one in advice(move)],
        "next": list(commands(move)),
    }
