"""The program as a process of its own: how it ends, and that nothing it said or was to do is lost."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, empty, environ

if TYPE_CHECKING:
    from pathlib import Path

START = "import sys; sys.argv[0] = 'sealgen'; from sealgen.__main__ import program; "


def program(
    project: Project, *arguments: str, before: str = "pass", stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[bytes]:
    """Run the program in a process, after some Python in it."""
    return subprocess.run(
        [sys.executable, "-c", f"{START}{before}; program()", *arguments],
        cwd=project.root,
        env={**environ(), "PYTHONUNBUFFERED": ""},
        check=False,
        stdout=stdout,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project without an environment."""
    return empty(tmp_path)


@pytest.mark.parametrize(("arguments", "code"), [(("--version",), 0), (("check", "--all"), 2), (("nonsense",), 2)])
def test_the_program_ends_with_the_code_of_the_command_line(
    project: Project, arguments: tuple[str, ...], code: int
) -> None:
    done = program(project, *arguments)
    assert done.returncode == code
    assert (done.stdout.endswith(b"\n"), done.stderr.endswith(b"\n")) == (code == 0, code != 0)


def test_what_a_library_leaves_for_the_end_is_done(project: Project) -> None:
    done = program(project, "--version", before="import atexit; atexit.register(print, 'at the end', flush=True)")
    assert (done.returncode, done.stdout.decode().splitlines()[1:]) == (0, ["at the end"])


def test_a_thread_that_goes_on_does_not_hold_the_program_up(project: Project) -> None:
    before = "import threading; threading.Thread(target=threading.Event().wait).start()"
    assert program(project, "--version", before=before).returncode == 0


def test_what_can_t_be_written_at_the_end_is_told_and_no_success(project: Project) -> None:
    # Left in the buffer by a command that does not flush it, it would be lost with the process.
    before = "import sealgen.cli.main as command_line; command_line._run = lambda: sys.stdout.write('said') * 0"
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = program(project, before=before, stdout=full.fileno())
    assert done.returncode == 1
    assert done.stderr == b"error: can't write the output: No space left on device\n"


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_stream_that_is_closed_is_no_fault(project: Project, closed: str) -> None:
    command = f'exec "$@" {closed}>&-'
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-m", "sealgen", "--version"],
        cwd=project.root,
        env=environ(),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
