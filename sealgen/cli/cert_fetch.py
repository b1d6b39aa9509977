"""``sealgen cert fetch``: the cluster's current certificate beside what an environment has, taken once confirmed."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import report
from sealgen.cli.cert_show import aligned, data, facts, pin_text
from sealgen.cli.settings import complete_environment, global_options, settings
from sealgen.errors import printable
from sealgen.overlay.transaction import exclusive, pending

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.certificates import Offered
    from sealgen.config.environment import Environment
    from sealgen.reconcile.pinning import Comparison


@click.command("fetch", short_help="Get the cluster's current certificate, and pin it.")
@click.argument("name", metavar="ENV", shell_complete=complete_environment)
@click.option("--from", "source", metavar="FILE|URL", help="Take it from there, not from the controller.")
@click.option("--accept", is_flag=True, help="Write the certificate and its pin without asking.")
@global_options
@click.pass_context
def command(context: click.Context, name: str, source: str | None, accept: bool) -> int:
    """Get the current certificate from the controller of the environment's cluster, and show what is new in it.

    The certificate's file and its pin are written together, once that is confirmed: by a typed yes, or --accept.
    Exits 0 when they are written, or nothing is different, and 10 when something is and was not confirmed.
    """
    from sealgen import certificates  # noqa: PLC0415
    from sealgen.reconcile.pinning import compare  # noqa: PLC0415
    from sealgen.reconcile.planning import sealed_secrets_backend  # noqa: PLC0415
    from sealgen.reconcile.survey import written_to  # noqa: PLC0415

    project = settings(context).project()
    environment = project.environment_to_pin(name)
    sealed_secrets_backend(environment)
    asks = report.is_heard() and sys.stdin.isatty()
    with contextlib.ExitStack() as stack:
        run = None
        if accept or asks:
            run = stack.enter_context(exclusive(project.root, name, written_to(environment), report.note))
            if run.recovered:
                report.note(run.recovered)
        elif left := pending(project.root, name):
            report.note(left)
        if source is None:
            offered = certificates.offered_by_controller(project, environment.cluster)
        else:
            offered = certificates.offered_by(source)
        now = dt.datetime.now(dt.UTC)
        compared = compare(project, environment, offered.certificate, now)
        report.say(_shown(environment, offered, compared, now))
        files: tuple[str, ...] = ()
        if compared.written and run is not None and (accept or _confirmed(environment, offered)):
            files = tuple(map(str, run.apply(compared.changes)))
    code = 10 if compared.written and not files else 0
    report.say(_ending(name, compared, files))
    if settings(context).json:
        click.echo(report.envelope("cert", code, [_data(name, offered, compared, files, now)]))
    return code


def _confirmed(environment: Environment, offered: Offered) -> bool:
    of = f" of {_cluster(offered)}" if offered.server else ""
    return report.is_confirmed(f"{environment.name}: seal with this certificate{of} from now on? Type yes:")


def _cluster(offered: Offered) -> str:
    return f"{offered.server} ({f'context {offered.context}' if offered.context else 'the cluster of this pod'})"


def _shown(environment: Environment, offered: Offered, compared: Comparison, now: dt.datetime) -> str:
    first, *rest = facts(compared.offered, now, environment.name)
    lines = [first]
    if offered.server:
        default = offered.context and environment.cluster.context is None
        lines.append(("cluster", _cluster(offered) + (", the kubeconfig's current one" if default else "")))
    lines += rest
    lines.append(("pin", "none yet" if compared.pin is None else pin_text(compared.pin, compared.offered)))
    if compared.file is not None:
        lines.append(("file", _file_text(compared, compared.file)))
    remarks = map(printable, _remarks(environment.name, compared))
    return "\n".join((aligned(lines), *remarks))


def _file_text(compared: Comparison, file: str) -> str:
    held, offered = compared.held, compared.offered
    if held is None:
        return compared.problem or f"{file}, which is not there yet"
    if held.fingerprint != offered.fingerprint:
        return f"{file} has another key, {held.fingerprint}"
    if held.pem == offered.pem:
        return f"{file} has the same certificate"
    dates = f"{held.not_before:%Y-%m-%d} to {held.not_after:%Y-%m-%d}"
    return f"{file} has another certificate of the same key, valid {dates}"


def _remarks(name: str, compared: Comparison) -> Iterator[str]:
    then = "what is sealed from now on is sealed with the new one."
    if compared.reseals:
        then = f"the next 'sealgen seal {name}' seals them with the new one (certificate_changed: reseal)."
    held = compared.held
    if held and held.pem != compared.offered.pem and held.not_before > compared.offered.not_before:
        yield f"It is older than the one in {held.file}, which was issued on {held.not_before:%Y-%m-%d}."
    if compared.pin != compared.offered.fingerprint:
        for fingerprint, keys in compared.others.items():
            yield (
                f"{fingerprint} still seals {report.count(keys, 'key')} of {name}. A controller keeps its old keys, so "
                f"nothing breaks; {then}"
            )
        if compared.others:
            yield "Another cluster's controller has no such keys: make sure that this is the one they were sealed for."
    if compared.written and compared.along:
        yield f"The pin stands in a file that others extend; it changes for {', '.join(compared.along)} too."
    if compared.written:
        for other in compared.apart:
            yield f"The pin of {other} would not fit the certificate that it names: sealgen cert fetch {other}"


def _ending(name: str, compared: Comparison, files: tuple[str, ...]) -> str:
    if files:
        return f"{name}: wrote {', '.join(files)}"
    if not compared.written:
        return f"{name}: the certificate and its pin are up to date"
    return (
        f"{name}: nothing was written. Once whoever runs the cluster confirms the fingerprint, --accept writes "
        f"{' and '.join(compared.written)}"
    )


def _data(
    name: str, offered: Offered, compared: Comparison, files: tuple[str, ...], now: dt.datetime
) -> dict[str, Any]:
    return {
        "environment": name,
        **data(compared.offered, now),
        "server": offered.server,
        "context": offered.context,
        "pin": compared.pin,
        "pinned": compared.pin == compared.offered.fingerprint,
        "file": compared.file,
        "file_fingerprint": compared.held.fingerprint if compared.held else None,
        "sealed_with_others": dict(compared.others),
        "also_pinned_by": list(compared.along),
        "no_longer_fitting": list(compared.apart),
        "changes": list(compared.written),
        "files": list(files),
    }
