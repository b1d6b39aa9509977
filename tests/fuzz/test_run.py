"""The fuzzer says what it found, and how to see it again, however a worker ends."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.broken_targets import BAD
from tests.fuzz.run import Campaign, fuzz, replay
from tests.fuzz.worker import keep, last_input

ROOT = Path(__file__).parents[2]
BASE64 = base64.b64encode(BAD).decode()


def campaign(tmp_path: Path, target: str, *inputs: bytes) -> Campaign:
    (tmp_path / target).mkdir()
    for number, content in enumerate(inputs):
        (tmp_path / target / str(number)).write_bytes(content)
    return Campaign(0.1, 7, module="tests.fuzz.broken_targets", corpus=tmp_path)


@pytest.mark.parametrize(
    ("target", "executions", "end"),
    [
        ("crashes", 2, "and a finding"),
        ("ends", 2, "and a finding"),
        ("dies", 0, "and the worker died: SIGKILL"),
        ("leaves", 0, "and the worker died: exit 0"),
    ],
)
def test_a_worker_that_does_not_end_well_is_told_with_its_last_input(
    target: str, executions: int, end: str, tmp_path: Path
) -> None:
    fine, said = fuzz(target, campaign(tmp_path, target, b"good", BAD))
    assert not fine
    first, *rest = said.splitlines()
    assert first == f"{target:<16} {executions:>12} executions, {end} (seed 7)"
    kept = keep(tmp_path / "again", BAD).name
    assert rest[-2:] == [
        f"input: 4 bytes, kept as {tmp_path / target / kept}",
        f'replay: make fuzz ARGS="--replay {target} {BASE64}"',
    ]
    assert (tmp_path / target / kept).read_bytes() == BAD
    assert ("KeyError: 'broken'" in rest) == (target in ("crashes", "ends"))


def test_a_worker_that_hangs_is_killed_and_told_with_its_last_input(tmp_path: Path) -> None:
    given = campaign(tmp_path, "hangs", b"good", BAD)
    fine, said = fuzz("hangs", Campaign(0.1, 7, grace=4, module=given.module, corpus=tmp_path))
    assert not fine
    assert said.startswith(f"{'hangs':<16} {0:>12} executions, and the worker hangs: killed (seed 7)\n")
    assert said.endswith(f'\nreplay: make fuzz ARGS="--replay hangs {BASE64}"')


def test_a_worker_that_does_not_start_is_told_with_its_error(tmp_path: Path) -> None:
    fine, said = fuzz("none", campaign(tmp_path, "none"))
    assert not fine
    assert said.startswith(f"{'none':<16} {0:>12} executions, and the worker died: exit 1 (seed 7)\n")
    assert said.endswith("KeyError: 'none'\nbefore its first input")


def test_of_much_that_a_worker_wrote_the_last_is_told(tmp_path: Path) -> None:
    fine, said = fuzz("talks", campaign(tmp_path, "talks", BAD))
    assert not fine
    lines = said.splitlines()
    assert len(lines) == 103
    assert "line 999" in lines
    assert "line 0" not in lines


def test_a_worker_that_ends_well_is_told_by_its_executions(tmp_path: Path) -> None:
    fine, said = fuzz("works", campaign(tmp_path, "works", b"good"))
    assert fine
    name, count, unit = said.split()
    assert (name, unit) == ("works", "executions")
    assert int(count.replace(",", "")) > 1


def test_an_input_runs_again_from_a_file_and_from_base64(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"a: b\n")
    assert replay("yaml", str(file)) == replay("yaml", "YTogYgo=") == (True, "taken")
    fine, said = replay("yaml", "LSAmYQ==")
    assert fine
    assert said.startswith("refused at ")
    assert "nodes.py:" in said


def test_the_empty_input_runs_again() -> None:
    assert replay("yaml", "")[1].startswith("refused at ")


def test_a_finding_runs_again_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(content: bytes) -> None:
        raise KeyError(content)

    monkeypatch.setattr("tests.fuzz.targets.TARGETS", {"yaml": broken})
    fine, said = replay("yaml", BASE64)
    assert not fine
    assert said.startswith("Traceback ")
    assert said.endswith(f"KeyError: {BAD!r}")


def test_an_input_that_is_neither_a_file_nor_base64_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^neither a file nor base64: no/such-file$"):
        replay("yaml", "no/such-file")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["yaml", "YTogYgo="], 0, "taken\n"),
        (["yml", ""], 2, "fuzz: error: there is no target yml: certificate, "),
        (["yaml", "?"], 2, "fuzz: error: neither a file nor base64: ?\n"),
    ],
)
def test_the_command_line_replays(arguments: list[str], code: int, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", "--replay", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "1000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_a_finding_is_kept_under_its_hash(tmp_path: Path) -> None:
    file = keep(tmp_path / "lock", b"x")
    assert file.name == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert file.read_bytes() == b"x"


def test_what_was_noted_of_a_longer_input_is_no_part_of_a_shorter_one(tmp_path: Path) -> None:
    assert last_input(tmp_path) is None
    (tmp_path / "input").write_bytes(b"\0\0\0\0\0\0\0\2abcd")
    assert last_input(tmp_path) == b"ab"
