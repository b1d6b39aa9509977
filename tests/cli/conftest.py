"""What tests of the command line begin with, unless they make a project of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.project import Project, aura

if TYPE_CHECKING:
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
