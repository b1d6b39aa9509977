"""Targets that break in each way that one can, to see that the fuzzer says so."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BAD = b"bad\x00"


def crashes(content: bytes) -> None:
    """Break the contract."""
    if content == BAD:
        raise KeyError("broken")


def hangs(content: bytes) -> None:
    """Wait, and use no processor time."""
    if content == BAD:
        time.sleep(3600)


def dies(content: bytes) -> None:
    """Take the process along."""
    if content == BAD:
        os.kill(os.getpid(), signal.SIGKILL)


def leaves(content: bytes) -> None:
    """End the process as if nothing were wrong."""
    if content == BAD:
        os._exit(0)


def ends(content: bytes) -> None:
    """Leave an object behind that can't be taken down."""
    if content == BAD:
        generator = _ended()
        next(generator)
        del generator


def _ended() -> Iterator[None]:
    try:
        yield
    finally:
        raise KeyError("broken")


def talks(content: bytes) -> None:
    """Break the contract, and write much before."""
    if content == BAD:
        sys.stderr.writelines(f"line {number}\n" for number in range(1000))
        raise KeyError("broken")


def works(_: bytes) -> None:
    """Keep the contract."""


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "crashes": crashes,
    "hangs": hangs,
    "dies": dies,
    "leaves": leaves,
    "ends": ends,
    "talks": talks,
    "works": works,
}
