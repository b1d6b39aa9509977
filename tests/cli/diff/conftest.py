"""A project with a history, for each test to go on with a copy of."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.diff.history import commit
from tests.support.project import Project, aura

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return Aura's project, sealed and committed."""
    project = aura(tmp_path_factory.mktemp("origin") / "project")
    project.write(".gitignore", ".sealgen/\n")
    project.git("init", "-q")
    assert project.run("seal", "staging", "-q") == (0, "", "")
    commit(project, "first")
    return project


@pytest.fixture
def project(origin: Project, tmp_path: Path) -> Project:
    """Return a copy of it."""
    shutil.copytree(origin.root, tmp_path / "project")
    return Project(tmp_path / "project", origin.controller)
