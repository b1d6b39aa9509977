"""What is the same in every byte is recognised, and whatever can't be told counts as changed."""

from __future__ import annotations

import importlib.util
import json
import os
import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

import sealgen
from sealgen.overlay import seen
from sealgen.overlay.seen import Seen, Witness
from sealgen.overlay.state import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def another_process() -> Iterator[None]:
    """Forget what a process looks at once only, before each test and after."""
    seen.judges.cache_clear()
    yield
    seen.judges.cache_clear()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder in which a run has seen a file, an empty one, one in a folder, and one that is not there."""
    (tmp_path / STATE).mkdir()
    (tmp_path / "deep").mkdir()
    (tmp_path / "file").write_bytes(b"\0content\xff")
    (tmp_path / "empty").touch()
    (tmp_path / "deep/file").write_bytes(b"deep")
    remember(tmp_path)
    assert seen.recall(tmp_path, "staging") is not None
    return tmp_path


def remember(root: Path) -> None:
    witness = Witness()
    witness.note("file", b"an earlier state")
    for path in ("file", "empty", "deep/file"):
        witness.note(path, (root / path).read_bytes())
    witness.note("absent", None)
    witness.note("file/absent", None)  # not a folder
    seen.remember(root, "staging", witness.seen(secrets=3, keys=7))


def memory(root: Path) -> Path:
    return root / STATE / "staging.seen"


def test_what_was_seen_is_recalled_where_all_is_the_same(root: Path) -> None:
    recalled = seen.recall(root, "staging")
    assert recalled is not None
    assert (recalled.secrets, recalled.keys) == (3, 7)
    assert sorted(recalled.files) == ["absent", "deep/file", "empty", "file", "file/absent"]
    assert stat.S_IMODE(memory(root).stat().st_mode) == 0o600


def test_another_environment_was_not_seen(root: Path) -> None:
    assert seen.recall(root, "production") is None


def test_what_is_forgotten_is_not_recalled(root: Path) -> None:
    seen.remember(root, "staging", None)
    assert not memory(root).exists()
    assert seen.recall(root, "staging") is None


def replaced(path: Path) -> Path:
    """Remove a file, for something else to take its place."""
    path.unlink()
    return path


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte": lambda root: (root / "file").write_bytes(b"\0content\xfe"),
    "a byte more": lambda root: (root / "file").write_bytes(b"\0content\xff\n"),
    "a byte less": lambda root: (root / "file").write_bytes(b"\0content"),
    "nothing more": lambda root: (root / "file").write_bytes(b""),
    "something in an empty file": lambda root: (root / "empty").write_bytes(b"\0"),
    "a file removed": lambda root: (root / "deep/file").unlink(),
    "an empty file removed": lambda root: (root / "empty").unlink(),
    "a file that was not there": lambda root: (root / "absent").touch(),
    "a folder in place of a file": lambda root: replaced(root / "file").mkdir(),
    "a folder where nothing was": lambda root: (root / "absent").mkdir(),
    "a pipe in place of a file": lambda root: os.mkfifo(replaced(root / "file")),
    "a pipe in place of an empty file": lambda root: os.mkfifo(replaced(root / "empty")),
    "a link to nothing": lambda root: replaced(root / "file").symlink_to("nowhere"),
    "a link to itself": lambda root: (root / "absent").symlink_to("absent"),
    "a journal": lambda root: (root / STATE / "staging.journal").touch(),
    "a journal that is a link to nothing": lambda root: (root / STATE / "staging.journal").symlink_to("nowhere"),
    "a staging folder": lambda root: (root / STATE / "staging.staging").mkdir(),
    "the memory a pipe": lambda root: os.mkfifo(replaced(memory(root))),
    "the memory a folder": lambda root: replaced(memory(root)).mkdir(),
    "the memory gone": lambda root: memory(root).unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_a_change_nothing_is_recalled(root: Path, change: Callable[[Path], object]) -> None:
    change(root)
    assert seen.recall(root, "staging") is None


def test_another_time_of_the_same_bytes_is_no_change(root: Path) -> None:
    os.utime(root / "file", (0, 0))
    assert seen.recall(root, "staging") is not None


@pytest.mark.parametrize(
    ("field", "content"),
    [
        ("format", 2),
        ("format", None),
        ("judges", []),
        ("judges", None),
        ("secrets", "many"),
        ("secrets", None),
        ("keys", [7]),
        ("keys", float("inf")),
        ("keys", float("nan")),
        ("files", None),
        ("files", 1),
        ("files", ["file"]),
        ("files", {"file": None}),
        ("files", {"file": 1}),
        ("files", {"file\0": None}),
        ("files", {"\ud800": None}),
        ("files", {"x" * 5000: None}),
    ],
)
def test_a_strange_memory_is_none(root: Path, field: str, content: object) -> None:
    memory(root).write_text(json.dumps(json.loads(memory(root).read_bytes()) | {field: content}))
    assert seen.recall(root, "staging") is None


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"7", b'"text"', b"{}", b"\xff", b"{", b"[" * 100_000, b"9" * 10_000]
)
def test_a_damaged_memory_is_none(root: Path, content: bytes) -> None:
    memory(root).write_bytes(content)
    assert seen.recall(root, "staging") is None


def test_a_memory_that_is_cut_off_is_none(root: Path) -> None:
    whole = memory(root).read_bytes()
    for end in range(0, len(whole), 47):
        memory(root).write_bytes(whole[:end])
        assert seen.recall(root, "staging") is None


def test_another_sealgen_recalls_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealgen, "__version__", "99")
    seen.judges.cache_clear()
    assert seen.recall(root, "staging") is None


def test_a_sealgen_whose_code_was_changed_recalls_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    package = tmp_path_factory.mktemp("package")
    (package / "__init__.py").touch()
    (package / "room").mkdir()
    (package / "room/module.py").write_text("x = 1\n")
    monkeypatch.setattr(sealgen, "__file__", str(package / "__init__.py"))
    seen.judges.cache_clear()
    remember(root)
    assert seen.recall(root, "staging") is not None
    os.utime(package / "room/module.py", (1, 1))
    seen.judges.cache_clear()
    assert seen.recall(root, "staging") is None


@pytest.mark.parametrize("name", ["cryptography", "jinja2", "yaml"])
def test_another_version_of_what_it_stands_on_recalls_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    find = importlib.util.find_spec
    other = tmp_path_factory.mktemp("other") / "__init__.py"
    other.touch()

    def found(asked: str) -> object:
        return SimpleNamespace(origin=str(other)) if asked == name else find(asked)

    monkeypatch.setattr(importlib.util, "find_spec", found)
    seen.judges.cache_clear()
    assert seen.recall(root, "staging") is None


def test_what_can_t_be_written_is_not_remembered_and_is_no_error(root: Path) -> None:
    memory(root).unlink()
    memory(root).mkdir()
    remember(root)
    assert memory(root).is_dir()
    (root / "bare").mkdir()
    seen.remember(root / "bare", "staging", Seen(1, 1, {}))
    assert not list((root / "bare").iterdir())


def test_a_memory_is_never_written_through_a_link(root: Path) -> None:
    memory(root).unlink()
    memory(root).symlink_to(root / "file")
    before = (root / "file").read_bytes()
    remember(root)
    assert (root / "file").read_bytes() == before
    assert not memory(root).is_symlink()


def test_what_files_hold_is_in_no_representation(root: Path) -> None:
    recalled = seen.recall(root, "staging")
    assert recalled is not None
    assert repr(recalled) == "Seen(secrets=3, keys=7)"
