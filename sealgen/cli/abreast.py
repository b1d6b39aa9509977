"""Environments abreast: many of them are worked on in child processes, and what each says is told in order.

A child only reports what went well. Whatever did not is done again, alone: there a person can be asked, an error is
told as it always is, and no environment is in the way of another.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from sealgen.processes import end_with, processors, uninterrupted, use_at_most

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

MANY = 8
"""So many environments are worth the processes."""


@dataclass(frozen=True)
class Told:
    """What a command said of an environment, and what came of it: anything that can be pickled."""

    out: str
    err: str
    outcome: Any


@contextlib.contextmanager
def abreast(names: Sequence[str], run: Callable[[str], Any]) -> Iterator[Callable[[str], Told | None]]:
    """Give what is to be asked for each of the names, in their order: what ``run`` did with it, if it went well.

    Where they are few, or there is one processor only, nothing is run and the answer is always None.
    """
    size = min(processors(), len(names)) if len(names) >= MANY else 1
    if size == 1:
        yield lambda _: None
        return
    children: list[tuple[int, BinaryIO]] = []
    left: dict[str, BinaryIO] = {}
    told: dict[str, Told | None] = {}

    def receive(name: str) -> None:
        told[name] = _received(left.pop(name))

    def told_of(name: str) -> Told | None:
        if name in left:
            receive(name)
        if told.get(name) is None:
            # It is done again when all others are done.
            for other in list(left):
                receive(other)
        return told.pop(name, None)

    try:
        with contextlib.suppress(OSError):  # what no process can be started for is done alone
            for number in range(size):
                _start(names[number::size], run, children)
                left.update(dict.fromkeys(names[number::size], children[-1][1]))
        yield told_of
    finally:
        for process, reader in children:
            reader.close()
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
            os.waitpid(process, 0)


def _start(names: Sequence[str], run: Callable[[str], Any], children: list[tuple[int, BinaryIO]]) -> None:
    """Start a process that works on these names, and add its number and what it writes to."""
    sys.stdout.flush()
    sys.stderr.flush()
    reader, writer = os.pipe()
    try:
        with uninterrupted():
            process = os.fork()
            if process == 0:
                end_with(lambda: _work(names, run, writer))
            children.append((process, os.fdopen(reader, "rb")))
    except OSError:
        os.close(reader)
        raise
    finally:
        os.close(writer)


def _work(names: Sequence[str], run: Callable[[str], Any], writer: int) -> None:
    import pickle  # noqa: PLC0415  (few environments need no processes)

    use_at_most(1)
    context = click.get_current_context()
    if context.color is None:
        context.color = sys.stdout.isatty() and sys.stderr.isatty()
    sys.stdin = open(os.devnull)  # noqa: PTH123, SIM115  (nobody can be asked here)
    with os.fdopen(writer, "wb") as pipe:
        for name in names:
            pickle.dump(_told(name, run), pipe)
            pipe.flush()


def _told(name: str, run: Callable[[str], Any]) -> Told | None:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape", "\n", write_through=True) for _ in "oe")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            outcome = run(name)
        except Exception:  # whatever it is, it comes again where it is told
            return None
    said = [stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in (out, err)]
    return None if outcome is None else Told(said[0], said[1], outcome)


def _received(reader: BinaryIO) -> Told | None:
    import pickle  # noqa: PLC0415

    try:
        told: Told | None = pickle.load(reader)  # noqa: S301  (from a process of our own)
    except EOFError:
        return None
    return told
