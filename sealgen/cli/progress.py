"""A line on a terminal that says how far long work is, and leaves no trace when it is done."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

import click

from sealgen.cli import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

_PATIENCE = 1.0  # seconds before there is a line
_PACE = 0.1  # seconds between two states of it
_CLEAR = "\r\x1b[K"


class Progress:
    """The line, written on ``stream``; ``clock`` tells seconds."""

    def __init__(self, what: str, stream: TextIO, clock: Callable[[], float]) -> None:
        self._what = what
        self._stream = stream
        self._clock = clock
        self._due = clock() + _PATIENCE
        self._shown = False

    def at(self, done: int, total: int) -> None:
        """Say that ``done`` of ``total`` are done, if it is time to say something."""
        if (now := self._clock()) >= self._due:
            self._due = now + _PACE
            self._shown = True
            self._stream.write(f"{_CLEAR}{click.style(f'{self._what} {done:,} of {total:,}', dim=True)}")
            self._stream.flush()

    def clear(self) -> None:
        """Remove the line."""
        if self._shown:
            self._stream.write(_CLEAR)
            self._stream.flush()
            self._shown = False


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give what is to be called with how much is done, and of how much; silent but for people at a terminal."""
    if not report.is_heard() or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    line = Progress(what, sys.stderr, time.monotonic)
    try:
        yield line.at
    finally:
        line.clear()
