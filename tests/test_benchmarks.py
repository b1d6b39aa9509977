"""What the benchmark says: whether it was fast enough, that the work was done, and where the time goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import sealgen

sys.path.append(str(Path(__file__).parents[1]))  # behind the sealgen that is tested

from benchmarks import contenders, profiling, projects, side_by_side
from benchmarks.contenders import Contender, Cost

ROOT = Path(sealgen.__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> projects.Project:
    """Return two environments of three Secrets, with a sealgen that runs whatever is tested."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))))
    program = tmp_path / "sealgen"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sealgen "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(contenders, "SEALGEN", str(program))
    return projects.write(tmp_path / "project", projects.controller().pem, 2, 3, 2)


def test_sealgen_seals_every_value_of_a_benchmark_and_keeps_it_unchanged(project: projects.Project) -> None:
    assert contenders.sealing("all", project, 2, ["--all"]).run().seconds > 0
    both = project._replace(secrets=6)
    assert contenders.unchanged("again", both).run().peak > 0
    assert contenders.unchanged("in a clone", both, projects.as_in_a_clone).run().peak > 0


def test_in_a_clone_only_the_key_is_left(tmp_path: Path) -> None:
    (tmp_path / ".sealgen" / "folder").mkdir(parents=True)
    for name in ("fingerprint.key", "other"):
        (tmp_path / ".sealgen" / name).touch()
    projects.as_in_a_clone(tmp_path)
    assert list((tmp_path / ".sealgen").iterdir()) == [tmp_path / ".sealgen" / "fingerprint.key"]


def test_memory_is_that_of_all_processes_together(project: projects.Project) -> None:
    assert contenders.watched("watched", project._replace(environments=("bench-0",))).run().peak > 2**20


def test_a_run_that_seals_too_little_is_not_measured(project: projects.Project) -> None:
    with pytest.raises(contenders.WrongError) as caught:
        contenders.sealing("two", project, 2, ["bench-1"]).run()
    assert str(caught.value) == "two: 15 values are sealed, not 30"


def test_a_run_that_fails_is_not_measured() -> None:
    with pytest.raises(contenders.WrongError) as caught:
        contenders.starting("false", ["sh", "-c", "exit 3"]).run()
    assert str(caught.value) == "sh -c exit 3 … exited 3"


def test_a_profile_shares_the_time_among_the_rooms(project: projects.Project) -> None:
    seen = profiling.profile(["-q", "seal", "bench-0"], project.root)
    assert sum(seen.shares.values()) == pytest.approx(1)
    assert any(room.startswith("importing ") for room in seen.shares)


@pytest.mark.parametrize(("kubeseal", "verdict"), [(4.0, "yes"), (3.9, "**no**")])
def test_the_table_says_what_was_wanted_and_whether_it_is_met(kubeseal: float, verdict: str) -> None:
    names = (
        "few",
        "unchanged",
        "unchanged clone",
        "different",
        "large",
        "watched",
        "one",
        "all",
        "RSA all, all cores",
        "help",
        "click",
    )
    found = {name: Contender(name, 10, lambda: Cost(1)) for name in ("kubeseal few", "kubeseal different", *names)}
    costs = {name: [Cost(1)] for name in found} | {"kubeseal few": [Cost(9), Cost(kubeseal), Cost(1)]}
    said = side_by_side.results(found, costs)
    row = next(line for line in said.splitlines() if "few templates" in line)
    assert [cell.strip() for cell in row.split("|")[2:-1]] == [f"{kubeseal:.2f} times", "at least 4 times", verdict]
    assert "No kubectl here" in said
