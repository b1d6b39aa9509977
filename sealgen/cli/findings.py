"""How what the controller can't open looks: a line for people, an object for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sealgen.errors import printable

if TYPE_CHECKING:
    from sealgen.reconcile.causes import Finding


def text(finding: Finding) -> str:
    """Return a finding as one line."""
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    keys = f" ({', '.join(finding.keys)})" if finding.keys else ""
    who = f"{finding.secret}{keys}: " if finding.secret else ""
    word = click.style("error:", fg="red", bold=True)
    return f"{word} {printable(f'{place}: {who}{finding.message}')} [{finding.cause}]"


def data(finding: Finding) -> dict[str, Any]:
    """Return a finding for the envelope."""
    return {
        "cause": str(finding.cause),
        "file": finding.file,
        "line": finding.line,
        "secret": finding.secret or None,
        "keys": list(finding.keys),
        "message": finding.message,
    }
