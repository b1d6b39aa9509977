"""A program's standard output arrives byte for byte; it runs without a shell, and never for longer than it may."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealgen.errors import CannotTell, ConfigurationError, SealgenError
from sealgen.values.command import Command
from tests.values.reading import CANARY, only, read, refusal, surroundings

if TYPE_CHECKING:
    from sealgen.values.source import Surroundings

BY_HAND = "its error output may hold the value and is not shown; run it by hand to see it"


def python(program: str, options: str = "") -> str:
    """Return the YAML of a source that runs a Python program."""
    return f"{{exec: {json.dumps([sys.executable, '-c', program])}{options}}}"


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    """Return surroundings with the PATH of the test."""
    return surroundings(tmp_path, {"PATH": os.environ["PATH"]})


def test_bytes_arrive_as_they_are(around: Surroundings) -> None:
    program = "import sys; sys.stdout.buffer.write(bytes(range(256)) + b'\\n')"
    assert only(python(program), around) == bytes(range(256)) + b"\n"
    assert only(python(program, ", trim: true"), around) == bytes(range(256))


def test_no_shell_reads_the_arguments(around: Surroundings) -> None:
    assert only("{exec: [echo, '$HOME;', '*', \"a\\nb\", '']}", around) == b"$HOME; * a\nb \n"


def test_it_runs_in_the_root_without_a_terminal(around: Surroundings) -> None:
    program = "import os; print(os.getcwd(), os.getsid(0) == os.getpid())"
    assert only(python(program), around) == f"{around.root} True\n".encode()


def test_it_has_no_input(around: Surroundings) -> None:
    ours, (reading, writing) = os.dup(0), os.pipe()
    os.write(writing, b"typed")
    os.close(writing)
    os.dup2(reading, 0)
    try:
        assert only(python("print(repr(open(0).read()))"), around) == b"''\n"
    finally:
        os.dup2(ours, 0)
        os.close(ours)
        os.close(reading)


def test_a_program_in_the_project_runs(around: Surroundings) -> None:
    (around.root / "secret.sh").write_text("#!/bin/sh\nprintf mine\n")
    (around.root / "secret.sh").chmod(0o700)
    assert only("exec: [./secret.sh]", around) == b"mine"


def test_it_has_the_environment_but_not_the_fingerprint_key(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "TOKEN": "t", "SEALGEN_FINGERPRINT_KEY": CANARY}
    program = "import os; print(*sorted({'PATH', 'TOKEN', 'SEALGEN_FINGERPRINT_KEY'} & set(os.environ)))"
    assert only(python(program), surroundings(tmp_path, environ)) == b"PATH TOKEN\n"


def test_its_error_output_goes_nowhere(around: Surroundings, capfd: pytest.CaptureFixture[str]) -> None:
    assert only(python(f"import sys; print('{CANARY}', file=sys.stderr)"), around) == b""
    assert capfd.readouterr() == ("", "")


def test_a_failure_tells_the_status_and_nothing_of_the_output(around: Surroundings) -> None:
    yaml = python(f"import sys; print('{CANARY[:6]}' + '{CANARY[6:]}'); sys.exit(3)")
    assert refusal(yaml, CannotTell, around) == (
        f"values.password: the program '{sys.executable}' ended with status 3\n{BY_HAND}"
    )


def test_a_signal_is_told(around: Surroundings) -> None:
    assert refusal(python("import os; os.kill(os.getpid(), 15)"), CannotTell, around) == (
        f"values.password: the program '{sys.executable}' was ended by SIGTERM\n{BY_HAND}"
    )
    realtime = signal.SIGRTMIN + 3
    assert refusal(python(f"import os; os.kill(os.getpid(), {realtime})"), CannotTell, around) == (
        f"values.password: the program '{sys.executable}' was ended by signal {realtime}\n{BY_HAND}"
    )


def test_a_program_that_is_not_there(around: Surroundings) -> None:
    assert refusal("exec: [no-such-program-5b1f, x]", CannotTell, around) == (
        "values.password: the program 'no-such-program-5b1f' is not there\ninstall it, or add its folder to PATH"
    )


def test_a_program_that_can_not_be_started(around: Surroundings) -> None:
    (around.root / "data").write_text("")
    assert refusal("exec: [./data]", CannotTell, around) == (
        "values.password: the program './data' can't be started: Permission denied"
    )


def gone(pid: int) -> bool:
    """Tell whether the process ends within two seconds."""
    for _ in range(200):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.01)
    return False


LINGERS = """
import os, sys, time
{first}
child = os.fork()
if child == 0:
    time.sleep(60)
open("child", "w").write(str(child))
{then}
"""


@pytest.mark.parametrize(
    ("first", "then"),
    [("", "time.sleep(60)"), ("", "sys.exit(0)"), ("os.close(1)", "time.sleep(60)")],
    ids=["it goes on", "what it started goes on", "it goes on silently"],
)
def test_a_program_that_takes_too_long_is_killed_with_all_that_it_started(
    around: Surroundings, first: str, then: str
) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("needs /proc")
    started = time.monotonic()
    assert refusal(python(LINGERS.format(first=first, then=then), ", timeout: 1s"), CannotTell, around) == (
        f"values.password: the program '{sys.executable}' took longer than 1 s\n{BY_HAND}"
    )
    assert time.monotonic() - started < 10
    assert gone(int((around.root / "child").read_text()))


def test_1_mib_is_taken_and_a_byte_more_is_not(around: Surroundings) -> None:
    assert len(only(python("import sys; sys.stdout.write('x' * 1024 * 1024)"), around)) == 1024 * 1024
    assert refusal(python("import sys; sys.stdout.write('x' * (1024 * 1024 + 1))"), SealgenError, around) == (
        f"values.password: the program '{sys.executable}' printed more than 1 MiB, which is what a Secret can hold"
    )


def test_a_program_that_never_stops_printing_is_stopped(around: Surroundings) -> None:
    started = time.monotonic()
    assert refusal("exec: ['yes']", SealgenError, around) == (
        "values.password: the program 'yes' printed more than 1 MiB, which is what a Secret can hold"
    )
    assert time.monotonic() - started < 10


def test_an_interrupt_kills_it(around: Surroundings) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("needs /proc")
    # It waits a moment, so that the interrupt meets a run that waits for it and not one that is starting it.
    program = (
        "import os, time; open('child', 'w').write(str(os.getpid())); "
        f"time.sleep(0.5); os.kill({os.getpid()}, 2); time.sleep(60)"
    )
    source = read(python(program)).source
    with pytest.raises(KeyboardInterrupt):
        source.obtain("password", around)
    assert gone(int((around.root / "child").read_text()))


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("exec: []", "1:7: values.password.exec is empty"),
        ("exec: ['']", "1:7: exec: the program's name is empty"),
        ("exec: op read x", "1:7: values.password.exec must be a list"),
        (r'exec: [a, "b\0"]', "1:11: values.password.exec[1]: an argument can't hold a NUL character"),
        (
            "{exec: [a], timeout: 30}",
            "1:22: values.password.timeout must be a duration such as 30s, 12m, not '30'",
        ),
    ],
)
def test_what_is_no_command_is_refused(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_it_can_be_read_again_and_the_timeout_determines_nothing() -> None:
    source = read("{exec: [op, read, x], timeout: 2m}").source
    assert not source.made
    assert source.specification() == {"exec": ["op", "read", "x"], "trim": False}
    assert source == Command(("op", "read", "x"), 120, trim=False)
    assert read("exec: [op]").source == Command(("op",), 30, trim=False)
