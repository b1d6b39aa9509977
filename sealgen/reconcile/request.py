"""What a person asks of a run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """What a person asked for beyond the plain run."""

    rotate: frozenset[str] = frozenset()
    """Values to make the next version of."""
    finish: frozenset[str] = frozenset()
    """Values whose version before is no longer kept."""
    only: tuple[str, ...] = ()
    """``SECRET`` or ``SECRET/KEY``; empty for all."""
    alone: bool = False
    """Whether keys that are made of nothing to rotate stay as they are where not all of them can be sealed here."""
    accept_fingerprint_key: bool = False
    """Whether this machine's fingerprint key takes the place of the lock's, which was lost or stolen."""
    from_cluster: bool = False
    """Whether any value that is needed and was never stored may be read back from the live Secrets."""
    certificate_changed: str | None = None
    """What a ciphertext of another certificate than the pin does: one of CERTIFICATE_CHANGED; None for what the
    environment says."""
