"""Child processes: how many there may be at work, and how one is begun and ended."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

_most: int | None = None


def processors() -> int:
    """Return how many processors this process may use; they may be fewer than there are."""
    here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(here, _most or here)


def use_at_most(number: int) -> None:
    """Let this process use so many from now on: a child beside others, whose share that is."""
    global _most  # noqa: PLW0603  (it is the process that has it)
    _most = number


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C while a child is forked and noted: interrupted too early, it would go on as its parent would."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with(work: Callable[[], None]) -> NoReturn:
    """Do a child's work and end it, with 1 where it fails: nothing of the parent's is run, and nothing is told."""
    code = 1
    try:
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
        work()
        code = 0
    finally:
        os._exit(code)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that leads a session of its own, and all of the session that are still in its group."""
    # Not yet waited for, its number can't be another process's.
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def ended(returncode: int) -> str:
    """Say how a process ended."""
    if returncode >= 0:
        return f"ended with status {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"
