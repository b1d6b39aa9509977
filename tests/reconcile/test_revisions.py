"""What two revisions have alike, be they commits or the work tree."""

from __future__ import annotations

import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sealgen import git
from sealgen.config.files import WorkTree
from sealgen.config.project import Project
from sealgen.reconcile.revisions import Revisions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def run(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True)


@pytest.fixture
def commits(tmp_path: Path) -> Iterator[git.Commits]:
    """Return two commits, of which the second has another environment file."""
    for folder in ("environments", "templates/below"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "templates/app.yaml.j2").write_text("a")
    (tmp_path / "templates/below/app.yaml.j2").write_text("b")
    run(tmp_path, "init", "--quiet")
    for number in (1, 2):
        (tmp_path / "environments/staging.yaml").write_text(str(number))
        run(tmp_path, "add", ".")
        run(tmp_path, "commit", "--quiet", "--message", "one")
    with closing(git.Commits(tmp_path)) as commits:
        yield commits


def project(commits: git.Commits, revision: str) -> Project:
    return Project(git.Commit(commits, git.commit(commits.root, revision)))


def test_commits_are_compared_without_reading_a_file(commits: git.Commits) -> None:
    revisions = Revisions(project(commits, "HEAD~"), project(commits, "HEAD"))
    assert revisions.agree_on("templates/app.yaml.j2")
    assert not revisions.agree_on("environments/staging.yaml")
    assert not revisions.agree_on_sources
    assert Revisions(project(commits, "HEAD"), project(commits, "HEAD")).agree_on_sources
    assert not commits.contents


def test_a_work_tree_is_read_to_be_compared(commits: git.Commits) -> None:
    work_tree = Project(WorkTree(commits.root))
    assert Revisions(project(commits, "HEAD"), work_tree).agree_on_sources
    assert not Revisions(project(commits, "HEAD~"), work_tree).agree_on_sources
    (commits.root / "templates/below/new.yaml.j2").write_text("c")
    assert not Revisions(project(commits, "HEAD"), work_tree).agree_on_sources


def test_what_neither_has_is_the_same(commits: git.Commits) -> None:
    revisions = Revisions(project(commits, "HEAD"), Project(WorkTree(commits.root)))
    assert revisions.agree_on("templates/gone.yaml.j2")
    assert revisions.agree_on("templates")
