"""What SECURITY.md claims is held by tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, empty

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def text() -> str:
    return (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def claims() -> Iterator[str]:
    """Yield each point of the lists below "You can assume:"."""
    for block in re.findall(r"^You can assume:\n\n(.*?)(?=^\w|^#)", text(), re.MULTILINE | re.DOTALL):
        yield from re.split(r"^- ", block, flags=re.MULTILINE)[1:]


def test_every_test_that_is_named_exists() -> None:
    named = set(TEST.findall(text()))
    assert len(named) > 40
    assert named == {
        (path, function.name)
        for path in {path for path, _ in named}
        for function in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(function, ast.FunctionDef) and (path, function.name) in named
    }


def test_nothing_looks_like_a_test_and_is_none() -> None:
    assert len(TEST.findall(text())) == text().count("::") == text().count("test_") - text().count("/test_")


def test_every_claim_names_a_test() -> None:
    assert len(list(claims())) > 20
    assert [claim for claim in claims() if not TEST.search(claim)] == []


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return a project whose values are of a program, which leaves a trace, and of a file, which is not there."""
    project = empty(tmp_path / "project")
    project.environment(
        values={"program": {"exec": ["sh", "-c", "echo x | tee ran"]}, "file": {"file": "private"}}, secrets=["one"]
    )
    project.template("one", {"A": "{{ values.program }}", "B": "{{ values.file }}"})
    return project


def test_check_runs_no_program_and_reads_no_file_of_a_value(project: Project) -> None:
    project.write("private", "x")
    assert project.run("seal", "staging").code == 0
    assert (project.root / "ran").exists()  # so the trace tells
    (project.root / "ran").unlink()
    (project.root / "private").unlink()
    assert project.run("check", "staging", env={"SEALGEN_FINGERPRINT_KEY": None}).code == 0
    assert not (project.root / "ran").exists()
