"""What tests of the command line begin with, unless they make a project of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, aura
from tests.support.vault import Vault, vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


pytest.register_assert_rewrite("tests.cli.diff.history", "tests.cli.malformed.case")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Return Aura's project, never sealed."""
    return aura(tmp_path)


@pytest.fixture
def sealed(project: Project) -> Project:
    """Return Aura's project after its first run."""
    assert project.run("seal", "staging", "-q") == (0, "", "")
    return project


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Vault]:
    """Run a store with nothing in it."""
    (tmp_path / "vault").mkdir()
    with vault(tmp_path / "vault") as it:
        yield it
