"""A command gets its standard input byte for byte and nothing else of ours; it never runs for longer than it may."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sealgen.execution import commands
from sealgen.rotation.runbook import Command
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CANARY = b"cAnArY\0\xff" + bytes(range(256))


def run(
    root: Path,
    program: str,
    *,
    stdin: bytes | None = None,
    timeout: int = 60,
    hear: Callable[[bytes], None] | None = None,
    environ: dict[str, str] | None = None,
) -> str | None:
    """Run a Python program as a step."""
    command = Command((sys.executable, "-c", program), None, timeout)
    return commands.run(
        command,
        None if stdin is None else Secret(stdin),
        root=root,
        environ=environ or {"PATH": os.environ["PATH"]},
        hear=hear,
    )


@pytest.mark.parametrize("stdin", [b"", CANARY, CANARY * 10_000])
def test_standard_input_arrives_byte_for_byte(tmp_path: Path, stdin: bytes) -> None:
    program = "import sys; open('got', 'wb').write(sys.stdin.buffer.read())"
    assert run(tmp_path, program, stdin=stdin) is None
    assert (tmp_path / "got").read_bytes() == stdin


def test_without_one_standard_input_is_empty(tmp_path: Path) -> None:
    assert run(tmp_path, "import sys; sys.exit(len(sys.stdin.read()))") is None


def test_it_may_leave_its_input_unread(tmp_path: Path) -> None:
    assert run(tmp_path, "pass", stdin=bytes(10_000_000)) is None


def test_it_may_print_more_than_it_reads_and_read_more_than_it_prints(tmp_path: Path) -> None:
    heard: list[bytes] = []
    program = "import sys; sys.stdout.write('x' * 1_000_000); sys.exit(len(sys.stdin.read()) != 1_000_000)"
    assert run(tmp_path, program, stdin=b"y" * 1_000_000, hear=heard.append) is None
    assert b"".join(heard) == b"x" * 1_000_000


def test_all_that_it_prints_is_heard_or_none_of_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    heard: list[bytes] = []
    program = "import sys; print('one', flush=True); print('two', file=sys.stderr)"
    assert run(tmp_path, program, hear=heard.append) is None
    assert b"".join(heard) == b"one\ntwo\n"
    assert run(tmp_path, program) is None
    assert capfd.readouterr() == ("", "")


def test_it_runs_in_the_root_without_a_terminal_and_with_the_given_variables(tmp_path: Path) -> None:
    program = (
        "import os, sys; sys.exit((os.getcwd(), os.getsid(0), dict(os.environ).get('A')) != (%r, os.getpid(), 'b'))"
    )
    assert run(tmp_path, program % str(tmp_path), environ={"A": "b", "PATH": ""}) is None


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("import sys; sys.exit(7)", "ended with status 7"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
        ("import os; os.kill(os.getpid(), 40)", "was ended by signal 40"),
    ],
)
def test_how_it_ended_is_said(tmp_path: Path, program: str, problem: str) -> None:
    assert run(tmp_path, program) == f"{sys.executable} {problem}"


def test_a_program_that_takes_too_long_is_killed_with_what_it_started(tmp_path: Path) -> None:
    program = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('child', 'w').write(str(child.pid))\n"
        "child.wait()"
    )
    heard: list[bytes] = []
    assert run(tmp_path, program, timeout=2, hear=heard.append) == f"{sys.executable} took longer than 2 s"
    child = int((tmp_path / "child").read_text())
    deadline = time.monotonic() + 30
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_interrupted_it_is_killed(tmp_path: Path) -> None:
    def interrupted(_: bytes) -> None:
        raise KeyboardInterrupt

    program = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nprint(flush=True)\ntime.sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, program, hear=interrupted)
    assert not _runs(int((tmp_path / "pid").read_text()))


def _runs(process: int) -> bool:
    """Tell whether a process is there and no zombie."""
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_can_not_be_started_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("x")
    told = [
        commands.run(Command((name,), None, 5), None, root=tmp_path, environ={"PATH": ""}, hear=None)
        for name in ("no-such-program", "./text")
    ]
    assert told == [
        "the program 'no-such-program' is not there",
        "the program './text' can't be started: Permission denied",
    ]
