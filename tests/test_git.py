"""What is asked of Git: which tracked files have a line, whatever the person's own settings are."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sealgen import git
from sealgen.errors import SealgenError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "^kind: Secret$"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    root = tmp_path / "tree"
    root.mkdir()
    run(root, "init", "--quiet")
    return root


def run(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True)


def track(root: Path, path: str, content: str = "kind: Secret\n") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    run(root, "add", "--force", "--", path)


def commit_all(root: Path) -> None:
    run(root, "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "one")


def test_a_work_tree_is_known_from_any_folder_of_it(root: Path, tmp_path: Path) -> None:
    (root / "deep/er").mkdir(parents=True)
    assert git.is_work_tree(root)
    assert git.is_work_tree(root / "deep/er")
    assert not git.is_work_tree(tmp_path)


def test_a_linked_work_tree_is_one_too(root: Path, tmp_path: Path) -> None:
    track(root, "a.yaml")
    run(root, "-c", "user.name=Test", "-c", "user.email=test@aura.example", "commit", "--quiet", "-m", "first")
    run(root, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    assert git.is_work_tree(tmp_path / "linked")
    assert git.tracked_files_matching(tmp_path / "linked", SECRET) == ["a.yaml"]


def test_tracked_files_with_the_line_are_found_in_order(root: Path) -> None:
    track(root, "b/c.yaml", "x: 1\nkind: Secret\n")
    track(root, "a.yaml")
    track(root, "other.yaml", "kind: ConfigMap\n")
    track(root, "nearly.yaml", " kind: Secret\nkind: Secrets\n")
    (root / "untracked.yaml").write_text("kind: Secret\n")
    assert git.tracked_files_matching(root, SECRET) == ["a.yaml", "b/c.yaml"]


def test_nothing_found_is_no_error(root: Path) -> None:
    assert git.tracked_files_matching(root, SECRET) == []
    track(root, "other.yaml", "kind: ConfigMap\n")
    assert git.tracked_files_matching(root, SECRET) == []


def test_names_may_be_limited_to_patterns(root: Path) -> None:
    for name in ("a.yaml", "b.yml", "c.txt", "d/e.yaml"):
        track(root, name)
    assert git.tracked_files_matching(root, SECRET, "*.yaml", "*.yml") == ["a.yaml", "b.yml", "d/e.yaml"]


def test_files_below_the_root_count_from_there(root: Path) -> None:
    track(root, "a.yaml")
    track(root, "deep/er/b.yaml")
    for subdirectory_from_top in ("false", "true"):
        run(root, "config", "grep.fullName", subdirectory_from_top)
        assert git.tracked_files_matching(root / "deep", SECRET) == ["er/b.yaml"]


def test_any_name_comes_back_as_it_is(root: Path) -> None:
    latin = os.fsdecode(b"\xfc.yaml")
    names = sorted([" a b.yaml", "c\nd.yaml", "e\x1b[2J.yaml", "ü.yaml", '"q".yaml', latin], key=os.fsencode)
    for name in names:
        track(root, name)
    assert git.tracked_files_matching(root, SECRET) == names


@pytest.mark.parametrize(
    "setting", ["color.ui=always", "grep.patternType=fixed", "grep.lineNumber=true", "core.quotePath=true"]
)
def test_a_persons_settings_change_nothing(root: Path, setting: str) -> None:
    track(root, "ä.yaml")
    run(root, "config", "--global", *setting.split("="))
    assert git.tracked_files_matching(root, SECRET) == ["ä.yaml"]


def test_a_pattern_is_no_option_and_a_name_is_no_revision(root: Path) -> None:
    track(root, "HEAD", "--help\n")
    assert git.tracked_files_matching(root, "--help") == ["HEAD"]
    assert git.tracked_files_matching(root, "--help", "HEAD") == ["HEAD"]


def test_git_gets_of_the_environment_only_what_it_needs(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\nenv -0\n")
    (folder / "git").chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    monkeypatch.setenv("PATH", path)
    for name in ("SECRET", "SEALGEN_FINGERPRINT_KEY", "GIT_DIR", "GIT_CONFIG_COUNT", "LD_PRELOAD_X"):
        monkeypatch.setenv(name, "hunter2")
    given = {line.partition("=")[0] for line in git.tracked_files_matching(root, SECRET)}
    assert {"PATH", "HOME"} <= given
    assert given <= {"PATH", "HOME", "XDG_CONFIG_HOME", "PWD", "OLDPWD", "SHLVL", "_"}


def test_a_git_that_is_not_there_is_told(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(SealgenError) as raised:
        git.tracked_files_matching(root, SECRET)
    assert str(raised.value) == (
        "can't run git: No such file or directory\nIt must make sure that no plaintext is tracked."
    )


def test_a_git_that_fails_is_told(root: Path) -> None:
    with pytest.raises(SealgenError) as raised:
        git.tracked_files_matching(root, "(")
    assert str(raised.value) == "'git grep' failed\nRun 'git status' to see why."


def test_files_of_a_commit_are_read_beside_what_is_no_file(root: Path) -> None:
    track(root, "k8s/a.yaml", "a")
    (root / "k8s/b.yaml").symlink_to("a.yaml")
    run(root, "add", ".")
    run(root, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},k8s/c")
    track(root, "k8s/d.yaml", "d")
    track(root, "k8s/below/e.yaml", "e")
    commit_all(root)
    with closing(git.Commits(root)) as commits:
        commit = git.Commit(commits, git.commit(root, "HEAD"))
        assert [commit.read(f"k8s/{path}") for path in ("a.yaml", "d.yaml", "below/e.yaml", "f")] == [
            b"a",
            b"d",
            b"e",
            None,
        ]
        with pytest.raises(SealgenError, match=r"^k8s/b.yaml is no regular file in the commit"):
            commit.read("k8s/b.yaml")


def test_a_files_digest_is_known_without_reading_it_and_that_of_what_is_no_file_is_not(root: Path) -> None:
    track(root, "k8s/a.yaml", "a")
    track(root, "k8s/same.yaml", "a")
    track(root, "k8s/b.yaml", "b")
    (root / "k8s/link.yaml").symlink_to("a.yaml")
    run(root, "add", ".")
    commit_all(root)
    with closing(git.Commits(root)) as commits:
        commit = git.Commit(commits, git.commit(root, "HEAD"))
        one, same, other, link, missing = (
            commit.known_digest(f"k8s/{name}.yaml") for name in ("a", "same", "b", "link", "c")
        )
        assert one == same != other
        assert one
        assert other
        assert link is missing is None
        assert not commits.contents


def test_more_files_than_are_read_at_once_are_all_read(root: Path) -> None:
    names = [f"{number:04}.yaml" for number in range(600)]
    for name in names:
        (root / name).write_text(name * 100)
    run(root, "add", ".")
    commit_all(root)
    with closing(git.Commits(root)) as commits:
        commit = git.Commit(commits, git.commit(root, "HEAD"))
        assert all(commit.read(name) == name.encode() * 100 for name in reversed(names))
