"""The command line at a terminal of the test's own, and a person who answers its questions."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import termios
import time
from typing import TYPE_CHECKING, NamedTuple

from tests.support.project import environ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

    from tests.support.project import Project

# The child takes the terminal for its own; getpass asks there.
_START = (
    "import fcntl, sys, termios; fcntl.ioctl(2, termios.TIOCSCTTY, 0); sys.argv[0] = 'sealgen'; "
    "from sealgen.cli.main import main; main()"
)
_TIMEOUT = 30  # seconds


class Session(NamedTuple):
    """How a run at a terminal ended, all that the terminal showed, and whether it echoed at any question."""

    code: int
    shown: str
    echoed: bool


def at_terminal(
    project: Project,
    *arguments: str,
    answers: Sequence[str | None] = (),
    env: Mapping[str, str | None] | None = None,
    stdout: BinaryIO | None = None,
) -> Session:
    """Run the command line at a new terminal and answer its questions in turn, each when it stands there.

    An answer of None is Ctrl-C. ``stdout`` is another place for standard output.
    """
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", _START, *arguments],
        cwd=project.root,
        env=environ(env),
        stdin=end,
        stdout=stdout or end,
        stderr=end,
        start_new_session=True,
    )
    os.close(end)
    shown, echoed, left = "", False, list(answers)
    with process:
        try:
            while text := _read(terminal):
                shown += text
                if left and shown.endswith((": ", "? ")):
                    echoed = echoed or _echoes(terminal)
                    answer = left.pop(0)
                    os.write(terminal, b"\x03" if answer is None else f"{answer}\n".encode())
        except BaseException:
            process.kill()
            raise
        finally:
            os.close(terminal)
        code = process.wait(_TIMEOUT)
    assert not left, f"not all questions were asked: {shown!r}"
    return Session(code, shown, echoed)


def _read(terminal: int) -> str:
    assert select.select([terminal], [], [], _TIMEOUT)[0], "the terminal is silent"
    try:
        return os.read(terminal, 65536).decode()
    except OSError:  # Linux tells so that the other end is closed.
        return ""


def _echoes(terminal: int) -> bool:
    """Tell whether the terminal shows what is typed; it may take a moment after the question until it does not."""
    deadline = time.monotonic() + 2
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        if time.monotonic() > deadline:
            return True
        time.sleep(0.005)
    return False
