"""``sealgen cert show``: an environment's certificate or a file's, its dates, and whether it is the pinned one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealgen.cli import report
from sealgen.cli.settings import complete_environment, global_options, settings
from sealgen.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealgen.crypto.certificate import Certificate


@click.command("show", short_help="Show the certificate of an environment, or a PEM file.")
@click.argument("name", metavar="ENV|FILE", shell_complete=complete_environment)
@global_options
@click.pass_context
def command(context: click.Context, name: str) -> int:
    """Show an environment's certificate, or a PEM file: subject, validity, age, and the fingerprint to pin.

    Exits 11 where the certificate is not the pinned one, or not valid today.
    """
    from sealgen import certificates  # noqa: PLC0415
    from sealgen.crypto import certificate as certificate_rules  # noqa: PLC0415
    from sealgen.reconcile.planning import sealed_secrets_backend  # noqa: PLC0415

    pin = None
    environment = "ENV"
    if Path(name).suffix in (".pem", ".crt", ".cert") or "/" in name:
        found = certificate_rules.load(certificates.content_of(name), name)
    else:
        project = settings(context).project()
        loaded = project.environment(name)
        backend = sealed_secrets_backend(loaded)
        found = certificates.read(project, loaded, backend)
        pin, environment = backend.fingerprint, name
    now = dt.datetime.now(dt.UTC)
    valid = found.not_before <= now <= found.not_after
    code = 0 if valid and pin in (None, found.fingerprint) else 11
    if settings(context).json:
        pinned = None if pin is None else pin == found.fingerprint
        click.echo(report.envelope("cert", code, [{**data(found, now), "pin": pin, "pinned": pinned}]))
        return code
    lines = facts(found, now, environment)
    if pin is not None:
        lines.append(("pin", pin_text(pin, found)))
    click.echo(aligned(lines))
    return code


def facts(found: Certificate, now: dt.datetime, environment: str) -> list[tuple[str, str]]:
    """Return what there is to say of a certificate, each with its label."""
    return [
        ("certificate", found.file),
        ("subject", found.subject or "(none, as the controller makes it)"),
        ("key", f"RSA, {found.bits} bits"),
        ("valid", f"{found.not_before:%Y-%m-%d} to {found.not_after:%Y-%m-%d}, {_remaining(found, now)}"),
        ("issued", _issued(found, now, environment)),
        ("fingerprint", found.fingerprint),
    ]


def pin_text(pin: str, found: Certificate) -> str:
    """Say how a pin compares with a certificate."""
    return "the same" if pin == found.fingerprint else f"{pin}, which is another"


def aligned(lines: Iterable[tuple[str, str]]) -> str:
    """Return labels and what they are of, a line each."""
    return "\n".join(f"{label:<12} {printable(text)}" for label, text in lines)


def data(found: Certificate, now: dt.datetime) -> dict[str, Any]:
    """Return the same for the envelope."""
    from sealgen.crypto.certificate import RENEWED_EVERY, age, days_left  # noqa: PLC0415

    return {
        "certificate": found.file,
        "subject": found.subject,
        "bits": found.bits,
        "not_before": found.not_before.isoformat(),
        "not_after": found.not_after.isoformat(),
        "valid": found.not_before <= now <= found.not_after,
        "days_left": days_left(found, now),
        "age_days": age(found, now),
        "renewal_due": age(found, now) >= RENEWED_EVERY,
        "fingerprint": found.fingerprint,
    }


def _remaining(found: Certificate, now: dt.datetime) -> str:
    from sealgen.crypto.certificate import days_left  # noqa: PLC0415

    if now < found.not_before:
        return "not yet valid"
    return f"{report.count(days_left(found, now), 'day')} left" if now <= found.not_after else "expired"


def _issued(found: Certificate, now: dt.datetime, environment: str) -> str:
    from sealgen.crypto.certificate import RENEWED_EVERY, age  # noqa: PLC0415

    days = age(found, now)
    if days <= 0:
        return "today" if days == 0 else "in the future"
    told = f"{report.count(days, 'day')} ago"
    if days < RENEWED_EVERY:
        return told
    return (
        f"{told}: the controller renews its key every {RENEWED_EVERY} days, so there is probably a newer one: "
        f"sealgen cert fetch {environment}"
    )
