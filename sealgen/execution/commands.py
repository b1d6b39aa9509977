"""Running one command of a runbook: a plaintext goes to its standard input, and its output where it does no harm."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from typing import TYPE_CHECKING

from sealgen.processes import ended, kill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sealgen.rotation.runbook import Command
    from sealgen.values.secret import Secret

_CHUNK = 65536  # bytes


def run(
    command: Command,
    stdin: Secret | None,
    *,
    root: Path,
    environ: Mapping[str, str],
    hear: Callable[[bytes], None] | None,
) -> str | None:
    """Run a command in the project's root, without a shell and a terminal; return what is wrong with how it ended.

    ``hear`` is given what it prints, as it comes; without it, nobody is. It is killed, with what it started, when it
    takes too long, and when this process is interrupted.
    """
    program = command.run[0]
    try:
        process = subprocess.Popen(
            command.run,
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=subprocess.DEVNULL if hear is None else subprocess.PIPE,
            stderr=subprocess.DEVNULL if hear is None else subprocess.STDOUT,
            cwd=root,
            env=environ,
            start_new_session=True,
        )
    except FileNotFoundError:
        return f"the program '{program}' is not there"
    except OSError as error:
        return f"the program '{program}' can't be started: {error.strerror}"
    with process:
        try:
            _attend(process, b"" if stdin is None else stdin.reveal(), time.monotonic() + command.timeout, hear)
        except subprocess.TimeoutExpired:
            kill(process)
            return f"{program} took longer than {command.timeout} s"
        except BaseException:
            kill(process)
            raise
    return f"{program} {ended(process.returncode)}" if process.returncode else None


def _attend(
    process: subprocess.Popen[bytes], stdin: bytes, deadline: float, hear: Callable[[bytes], None] | None
) -> None:
    """Write and read until the process has ended; raises TimeoutExpired at the deadline, a ``time.monotonic()``."""
    left = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        if process.stdout is not None:
            selector.register(process.stdout, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(_until(process, deadline))
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    left = _written(key.fd, left)
                    if not left:
                        selector.unregister(process.stdin)
                        process.stdin.close()
                elif chunk := os.read(key.fd, _CHUNK):
                    if hear is not None:
                        hear(chunk)
                else:
                    selector.unregister(key.fileobj)
    process.wait(_until(process, deadline))


def _written(descriptor: int, left: memoryview) -> memoryview:
    """Write what can be written now, and return what is left; nothing is where the program reads no more."""
    try:
        return left[os.write(descriptor, left[:_CHUNK]) :]
    except BrokenPipeError:
        return left[:0]


def _until(process: subprocess.Popen[bytes], deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise subprocess.TimeoutExpired(process.args, 0)
    return left
