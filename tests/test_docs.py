"""The pages of docs/ that show commands: each prints what the page says, in a clone of this tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import sealgen
from tests.test_readme import ROOT, clone, commands

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["clone"]
PAGES = ["docs/external-secrets.md", "docs/migration.md", "docs/review.md", "docs/rotation.md"]


@pytest.fixture
def shell(clone: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the environment of a shell that has ``sealgen`` on its path, and nothing of this test's."""
    program = tmp_path / "sealgen"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m sealgen "$@"\n')
    program.chmod(0o755)
    subprocess.run(["git", "config", "user.name", "A Reader"], cwd=clone, check=True)
    subprocess.run(["git", "config", "user.email", "reader@example.org"], cwd=clone, check=True)
    begin = subprocess.run(["git", "rev-parse", "HEAD"], cwd=clone, check=True, capture_output=True, text=True).stdout
    yield {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(Path(sealgen.__file__).parents[1]),
        "PYTHONUTF8": "1",
    }
    subprocess.run(["git", "reset", "--quiet", "--hard", begin.strip()], cwd=clone, check=True)
    subprocess.run(["git", "clean", "--quiet", "--force", "-d"], cwd=clone, check=True)


def normal(text: str) -> str:
    """Return the text without what differs from day to day: dates, Unix times and digests."""
    text = re.sub(r"\d{4}-\d\d-\d\d|\b\d{10}$", "DATE", text, flags=re.MULTILINE)
    return re.sub(r"digest \S+…", "digest …", text)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_its_commands_print(page: str, clone: Path, shell: dict[str, str]) -> None:
    for command, shown in commands((ROOT / page).read_text()):
        done = subprocess.run(
            ["bash", "-c", command], cwd=clone, env=shell, capture_output=True, text=True, check=False
        )
        assert done.stderr == "", command
        assert normal(done.stdout).splitlines() == [normal(line) for line in shown], command
