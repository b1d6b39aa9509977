"""How many processors this process may use."""

from __future__ import annotations

import os

_most: int | None = None


def processors() -> int:
    """Return how many processors this process may use; they may be fewer than there are."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, _most or here)


def use_at_most(number: int) -> None:
    """Let this process use so many from now on: a child beside others, whose share that is."""
    global _most  # noqa: PLW0603  (it is the process that has it)
    _most = number
