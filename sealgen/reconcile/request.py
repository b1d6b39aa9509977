"""What a person asks of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What a person asked for beyond the plain run."""

    rotate: frozenset[str] = frozenset()
    """Values to make the next version of."""
    only: tuple[str, ...] = ()
    """``SECRET`` or ``SECRET/KEY``; empty for all."""
    accept_fingerprint_key: bool = False
    """Whether this machine's fingerprint key takes the place of the lock's, which was lost or stolen."""
