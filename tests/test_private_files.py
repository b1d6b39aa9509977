"""Files with secrets are read only where nobody else can, and written only where Git does not look."""

from __future__ import annotations

import fcntl
import os
import resource
import stat
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, BinaryIO

import pytest

from sealgen import private_files
from sealgen.errors import ConfigurationError, SealgenError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / ".sealgen").mkdir(parents=True)
    return root


@pytest.fixture
def key(root: Path) -> Path:
    return root / ".sealgen" / "fingerprint.key"


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def test_a_file_of_the_owner_alone_is_read(root: Path, key: Path) -> None:
    private_files.create(root, key, b"\x00secret\n")
    assert private_files.read(key) == b"\x00secret\n"
    assert key.stat().st_mode & 0o777 == 0o600


def test_no_file_is_none(key: Path) -> None:
    assert private_files.read(key) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o610])
def test_a_file_that_is_open_to_others_is_refused(key: Path, mode: int) -> None:
    key.write_bytes(b"secret")
    key.chmod(mode)
    with pytest.raises(ConfigurationError) as refused:
        private_files.read(key)
    assert str(refused.value) == (f"{key} holds secrets and is open to others (mode {mode:04o})\nRun: chmod 600 {key}")


def test_what_can_not_be_read_is_an_error_and_no_traceback(key: Path) -> None:
    key.mkdir()
    with pytest.raises(SealgenError) as refused:
        private_files.read(key)
    assert str(refused.value) == f"can't read {key}: Is a directory"


def test_a_file_that_is_there_is_not_made_again(root: Path, key: Path) -> None:
    private_files.create(root, key, b"first")
    private_files.create(root, key, b"second")
    assert private_files.read(key) == b"first"
    assert list(key.parent.iterdir()) == [key]


def test_what_a_dead_process_left_is_no_part_of_the_file(root: Path, key: Path) -> None:
    left = key.with_name("fingerprint.key.new")
    left.write_bytes(b"half of something that was longer")
    left.chmod(0o600)
    private_files.create(root, key, b"key")
    assert private_files.read(key) == b"key"
    assert list(key.parent.iterdir()) == [key]


def test_a_file_is_on_disk_before_it_counts_and_its_name_too(
    root: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = []
    flush = os.fsync

    def watched(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        flushed.append((kind, key.exists()))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    private_files.create(root, key, b"secret")
    assert flushed == [("file", False), ("folder", True)]


def test_a_link_is_not_written_through(root: Path, key: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    key.with_name("fingerprint.key.new").symlink_to(precious)
    with pytest.raises(SealgenError) as failed:
        private_files.create(root, key, b"secret")
    assert (
        str(failed.value)
        == "can't write .sealgen/fingerprint.key: Too many levels of symbolic links; nothing was changed"
    )
    assert precious.read_bytes() == b"precious"


def test_of_many_at_once_one_makes_the_file_and_all_see_it(root: Path, key: Path) -> None:
    children = []
    for number in range(10):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            content = f"key {number}".encode() * 1000
            private_files.create(root, key, content)
            seen = private_files.read(key)
            os._exit(0 if seen is not None and len(seen) == len(content) else 1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 10
    assert list(key.parent.iterdir()) == [key]


@pytest.mark.parametrize("when", ["open", "fsync", "rename"])
def test_of_a_file_that_can_not_be_written_nothing_is_left(
    root: Path, key: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, when, fails)
    with pytest.raises(SealgenError) as failed:
        private_files.create(root, key, b"secret")
    assert str(failed.value) == ("can't write .sealgen/fingerprint.key: No space left on device; nothing was changed")
    assert list(key.parent.iterdir()) == []


def test_of_a_file_that_the_disk_has_no_room_for_nothing_is_left(root: Path, key: Path) -> None:
    left = key.with_name("fingerprint.key.new")
    left.write_bytes(b"half of something that was longer")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(SealgenError) as failed:
            private_files.create(root, key, b"secret" * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(failed.value) == "can't write .sealgen/fingerprint.key: File too large; nothing was changed"
    assert list(key.parent.iterdir()) == []


def test_who_waited_for_one_that_failed_makes_the_file_itself(
    root: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had opened is gone by then, and under that name there may be what yet another one has begun."""
    lock, new = fcntl.flock, key.with_name("fingerprint.key.new")
    waited: list[BinaryIO] = []

    def waits(file: BinaryIO, operation: int) -> None:
        if not waited:
            waited.append(file)
            new.unlink()
            new.touch(0o600)
            new.write_bytes(b"half")
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", waits)
    private_files.create(root, key, b"secret")
    assert private_files.read(key) == b"secret"


def test_a_missing_folder_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "key"
    with pytest.raises(SealgenError) as failed:
        private_files.create(tmp_path, path, b"secret")
    assert str(failed.value) == "can't write missing/key: No such file or directory; nothing was changed"


def test_outside_of_a_work_tree_nothing_can_be_committed(root: Path, key: Path) -> None:
    private_files.check_ignored(root, key)


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (".gitignore", "/.sealgen/fingerprint.key"),
        (".gitignore", ".sealgen/"),
        (".sealgen/.gitignore", "*"),
        (".git/info/exclude", "*.key"),
    ],
)
def test_an_ignored_file_passes_whether_it_is_there_or_not(root: Path, key: Path, where: str, line: str) -> None:
    git(root, "init")
    (root / where).write_text(f"{line}\n")
    private_files.check_ignored(root, key)
    private_files.create(root, key, b"secret")
    private_files.check_ignored(root, key)


def test_a_file_that_git_would_commit_is_refused_with_the_line_to_add(root: Path, key: Path) -> None:
    git(root, "init")
    with pytest.raises(ConfigurationError) as refused:
        private_files.check_ignored(root, key)
    assert str(refused.value) == (
        "Git does not ignore .sealgen/fingerprint.key, which holds secrets\n"
        f"Add the line '/.sealgen/fingerprint.key' to {root}/.gitignore."
    )


def test_the_line_to_add_ignores_just_that_file(root: Path) -> None:
    git(root, "init")
    odd = root / ".sealgen" / "a*[b]?\\.values"
    with pytest.raises(ConfigurationError) as refused:
        private_files.check_ignored(root, odd)
    assert refused.value.hint is not None
    (root / ".gitignore").write_text(refused.value.hint.split("'")[1] + "\n")
    private_files.check_ignored(root, odd)
    with pytest.raises(ConfigurationError):
        private_files.check_ignored(root, root / ".sealgen" / "axb!\\.values")


def test_a_tracked_file_is_refused_even_where_it_is_ignored(root: Path, key: Path) -> None:
    git(root, "init")
    (root / ".gitignore").write_text(".sealgen/\n")
    private_files.create(root, key, b"secret")
    git(root, "add", "--force", ".sealgen/fingerprint.key")
    with pytest.raises(ConfigurationError) as refused:
        private_files.check_ignored(root, key)
    assert str(refused.value) == (
        "Git tracks .sealgen/fingerprint.key, which holds secrets\n"
        "Run 'git rm --cached .sealgen/fingerprint.key', add the line '/.sealgen/fingerprint.key' to "
        f"{root}/.gitignore, and replace the secrets: Git's history has them."
    )


def test_a_name_is_no_pattern_for_what_git_tracks(root: Path) -> None:
    git(root, "init")
    (root / ".sealgen" / "abc.values").touch()
    git(root, "add", ".sealgen/abc.values")
    with pytest.raises(ConfigurationError) as refused:
        private_files.check_ignored(root, root / ".sealgen" / "a*.values")
    assert refused.value.message == "Git does not ignore .sealgen/a*.values, which holds secrets"


def test_a_project_below_the_top_of_the_work_tree_is_judged_by_its_own_place(
    tmp_path: Path, root: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init")
    # As in a hook of a linked work tree: Git would take the project's folder for the top.
    monkeypatch.setenv("GIT_DIR", str(tmp_path / ".git"))
    (tmp_path / ".gitignore").write_text("/.sealgen/\n")
    with pytest.raises(ConfigurationError):
        private_files.check_ignored(root, key)
    (tmp_path / ".gitignore").write_text("/project/.sealgen/\n")
    private_files.check_ignored(root, key)


def test_a_repository_that_git_can_not_read_is_refused(root: Path, key: Path) -> None:
    (root / ".git").write_text("gitdir: elsewhere\n")
    with pytest.raises(SealgenError) as refused:
        private_files.check_ignored(root, key)
    assert str(refused.value) == (
        "can't make sure that Git ignores .sealgen/fingerprint.key, which holds secrets\n"
        "See what 'git check-ignore .sealgen/fingerprint.key' says."
    )


def test_a_work_tree_without_git_installed_is_refused(root: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".git").mkdir()
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(SealgenError) as refused:
        private_files.check_ignored(root, key)
    assert str(refused.value) == (
        "can't run git: No such file or directory\nIt must make sure that a file with secrets is ignored."
    )


def test_git_gets_no_secret_of_the_environment(root: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".git").mkdir()
    tool = root / "git"
    tool.write_text(
        f"#!{sys.executable}\nimport os\nopen('seen', 'w').write(' '.join(sorted({{*os.environ}} - {{'LC_CTYPE'}})))\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(root))
    monkeypatch.setenv("SMTP_PASSWORD", "canary")
    private_files.check_ignored(root, key)
    assert (root / "seen").read_text() == "HOME PATH"


# --- what the user asked for ------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [private_files.write_new, private_files.write_over])
def test_a_new_file_is_written_for_its_owner_alone(tmp_path: Path, write: Callable[[Path, bytes], None]) -> None:
    file = tmp_path / "secrets.yaml"
    umask = os.umask(0)
    try:
        write(file, b"secret")
    finally:
        os.umask(umask)
    assert file.read_bytes() == b"secret"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file in tmp_path.iterdir()
    assert not list(tmp_path.glob(".*"))


def test_a_new_file_takes_no_place_that_is_taken(tmp_path: Path) -> None:
    file, link, folder = tmp_path / "file", tmp_path / "link", tmp_path / "folder"
    file.write_bytes(b"before")
    link.symlink_to("nowhere")
    folder.mkdir()
    for path in (file, link, folder):
        with pytest.raises(ConfigurationError) as refused:
            private_files.write_new(path, b"secret")
        assert str(refused.value) == f"{path} is there already; nothing was written"
    assert file.read_bytes() == b"before"
    assert not (tmp_path / "nowhere").exists()
    assert not list(tmp_path.glob(".*"))


def test_a_file_is_written_over_and_is_then_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"before")
    file.chmod(0o644)
    private_files.write_over(file, b"secret")
    assert file.read_bytes() == b"secret"
    assert file.stat().st_mode & 0o777 == 0o600


def test_nothing_but_a_file_is_written_over(tmp_path: Path) -> None:
    precious, link = tmp_path / "precious", tmp_path / "link"
    precious.write_bytes(b"precious")
    link.symlink_to(precious)
    for path, kind in ((link, "a link"), (tmp_path, "not a file")):
        with pytest.raises(ConfigurationError) as refused:
            private_files.write_over(path, b"secret")
        assert str(refused.value) == f"{path} is {kind}; nothing was written"
    assert precious.read_bytes() == b"precious"
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("write", "failing"),
    [
        (private_files.write_new, "fsync"),
        (private_files.write_new, "link"),
        (private_files.write_over, "fsync"),
        (private_files.write_over, "rename"),
    ],
)
def test_where_a_file_can_not_be_written_all_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None], failing: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "file"
    if write is private_files.write_over:
        file.write_bytes(b"before")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(SealgenError) as failed:
        write(file, b"secret")
    assert str(failed.value) == f"can't write {file}: No space left on device; nothing was written"
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_without_its_folder_a_file_can_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(SealgenError) as failed:
        private_files.write_new(tmp_path / "folder" / "file", b"secret")
    assert (
        str(failed.value)
        == f"can't write {tmp_path / 'folder' / 'file'}: No such file or directory; nothing was written"
    )
