"""The child processes of a cluster: each with its log, all ended together."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PATIENCE = 60.0
"""Seconds that one step may take on a busy machine."""


class ClusterError(Exception):
    """The cluster doesn't start, has ended, or doesn't do what it is to do in time; the message tells why."""


class Processes:
    """Processes that run in the working directory, by name."""

    def __init__(self) -> None:
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Sequence[str], **env: str) -> int:
        """Start a process that writes ``<name>.log`` and has little in its environment but ``env``; return its id."""
        with Path(f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                command, env=environ(Path.cwd()) | env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        self._running[name] = process
        return process.pid

    def check(self) -> None:
        """Raise ClusterError if a process has ended."""
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                raise ClusterError(f"{name} has ended with status {code}; {tail(name)}")

    def wait(self, name: str, is_ready: Callable[[], bool]) -> None:
        """Wait until the process of this name is ready; raise ClusterError if that takes too long or one ends."""
        deadline = time.monotonic() + PATIENCE
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise ClusterError(f"{name} isn't ready after {PATIENCE:.0f} s; {tail(name)}")
            time.sleep(0.1)

    def end(self) -> None:
        """Kill all, the last started first: nothing of theirs is kept."""
        for process in reversed(self._running.values()):
            process.kill()
            process.wait()


def environ(home: Path) -> dict[str, str]:
    """Return the environment of a program whose settings and caches are in this folder."""
    return {"PATH": os.environ["PATH"], "HOME": str(home)}


def tied(*command: str) -> list[str]:
    """Return a command that the kernel kills when the process that started it is gone."""
    return ["setpriv", "--pdeathsig", "KILL", "--", *command]


def tail(name: str) -> str:
    """Return the last lines of a process's log, introduced."""
    path = Path(f"{name}.log").absolute()
    return "\n".join([f"{path} ends with:", *path.read_text(errors="replace").splitlines()[-40:]])
