"""A project that works, for each test to break a copy of."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.cli.malformed.case import Case
from tests.support.project import Project, aura, controller

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def working(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the root of a project that works: staging is sealed, development is plain."""
    project = aura(tmp_path_factory.mktemp("working"))
    project.environment(
        "development",
        backend={"kind": "plain"},
        values={"password": {"generate": "hex", "bytes": 16}},
        secrets=["one"],
    )
    project.template("one", {"PASSWORD": "{{ values.password }}"})
    project.git("init")
    project.write(".gitignore", ".sealgen/\n")
    assert project.run("seal", "staging").code == 0
    assert project.run("plan", "staging").code == 0
    return project.root


@pytest.fixture
def case(working: Path, tmp_path: Path) -> Case:
    """Return a copy of it."""
    shutil.copytree(working, tmp_path / "it", symlinks=True)
    return Case(Project(tmp_path / "it", controller()), {})
