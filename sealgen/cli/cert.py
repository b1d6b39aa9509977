"""``sealgen cert``: the certificate that an environment is sealed with."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import report
from sealgen.cli.settings import command_missing, complete_environment, global_options, settings
from sealgen.errors import printable

if TYPE_CHECKING:
    from sealgen.crypto.certificate import Certificate


@click.group("cert", invoke_without_command=True, subcommand_metavar="COMMAND [ARGS]...")
@global_options
@click.pass_context
def command(context: click.Context) -> None:
    """Look at the controller's certificate."""
    if context.invoked_subcommand is None:
        command_missing(context)


@command.command("show", short_help="Show the certificate of an environment, or a PEM file.")
@click.argument("name", metavar="ENV|FILE", shell_complete=complete_environment)
@global_options
@click.pass_context
def show(context: click.Context, name: str) -> int:
    """Show an environment's certificate, or a PEM file: subject, validity, and the fingerprint to pin.

    Exits 11 where the certificate is not the pinned one, or not valid today.
    """
    from sealgen import certificates  # noqa: PLC0415
    from sealgen.crypto import certificate as certificate_rules  # noqa: PLC0415
    from sealgen.reconcile.planning import sealed_secrets_backend  # noqa: PLC0415

    pin = None
    if Path(name).suffix in (".pem", ".crt", ".cert") or "/" in name:
        found = certificate_rules.load(_content(name), name)
    else:
        project = settings(context).project()
        backend = sealed_secrets_backend(project.environment(name))
        found = certificates.read(project, backend)
        pin = backend.fingerprint
    now = dt.datetime.now(dt.UTC)
    valid = found.not_before <= now <= found.not_after
    days = certificate_rules.days_left(found, now)
    code = 0 if valid and pin in (None, found.fingerprint) else 11
    if settings(context).json:
        click.echo(report.envelope("cert", code, [_data(found, pin, valid=valid, days=days)]))
        return code
    lines = [
        ("certificate", found.file),
        ("subject", found.subject or "(none, as the controller makes it)"),
        ("key", f"RSA, {found.bits} bits"),
        ("valid", f"{found.not_before:%Y-%m-%d} to {found.not_after:%Y-%m-%d}, " + _remaining(found, now, days)),
        ("fingerprint", found.fingerprint),
    ]
    if pin is not None:
        lines.append(("pin", "the same" if pin == found.fingerprint else f"{pin}, which is another"))
    click.echo("\n".join(f"{label:<12} {printable(text)}" for label, text in lines))
    return code


def _content(path: str) -> bytes:
    from sealgen.errors import ConfigurationError  # noqa: PLC0415

    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"can't read {path}: {error.strerror}") from None


def _remaining(found: Certificate, now: dt.datetime, days: int) -> str:
    if now < found.not_before:
        return "not yet valid"
    return f"{report.count(days, 'day')} left" if now <= found.not_after else "expired"


def _data(found: Certificate, pin: str | None, *, valid: bool, days: int) -> dict[str, Any]:
    return {
        "certificate": found.file,
        "subject": found.subject,
        "bits": found.bits,
        "not_before": found.not_before.isoformat(),
        "not_after": found.not_after.isoformat(),
        "valid": valid,
        "days_left": days,
        "fingerprint": found.fingerprint,
        "pin": pin,
        "pinned": None if pin is None else pin == found.fingerprint,
    }
