"""One file, written whole or not at all."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from unittest.mock import patch

import pytest

from sealgen.errors import SealgenError
from sealgen.overlay.single import ChangedError, exchange, replace


def test_a_new_file_is_open_to_its_owner_alone(tmp_path: Path) -> None:
    replace(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_keeps_its_mode_and_its_readers_see_the_old_or_the_new(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(0o664)
    with file.open("rb") as reader:
        replace(file, b"new")
        assert reader.read() == b"old"
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o664)


def test_links_stay_those_that_lead_nowhere_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("folder/a")
    (tmp_path / "folder").mkdir()
    replace(tmp_path / "link", b"new")
    assert (tmp_path / "link").readlink() == Path("folder/a")
    assert (tmp_path / "folder/a").read_bytes() == b"new"


@pytest.mark.parametrize("step", ["write", "flush"])
def test_where_it_fails_all_is_as_it_was(tmp_path: Path, step: str) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"old")
    with (
        patch(f"sealgen.overlay.single.{step}", side_effect=OSError(28, "No space left on device")),
        pytest.raises(SealgenError) as error,
    ):
        replace(file, b"new")
    assert str(error.value) == f"can't write {file}: No space left on device; nothing was written"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


FILE = PurePosixPath("folder/a")


def test_its_folder_may_be_made_by_another_run_at_the_same_moment(tmp_path: Path) -> None:
    mkdir = Path.mkdir

    def made_before(folder: Path, mode: int = 0o777) -> None:
        if folder == tmp_path / "folder":
            mkdir(folder)
        mkdir(folder, mode)

    with patch.object(Path, "mkdir", made_before):
        exchange(tmp_path, FILE, None, b"one")
    assert (tmp_path / FILE).read_bytes() == b"one"


def test_a_file_of_the_project_is_put_in_the_place_of_what_was_read(tmp_path: Path) -> None:
    exchange(tmp_path, FILE, None, b"one")
    assert (tmp_path / FILE).read_bytes() == b"one"
    (tmp_path / FILE).chmod(0o640)
    exchange(tmp_path, FILE, b"one", b"two")
    assert ((tmp_path / FILE).read_bytes(), (tmp_path / FILE).stat().st_mode & 0o777) == (b"two", 0o640)


@pytest.mark.parametrize("before", [None, b"other"])
def test_a_file_that_is_not_as_it_was_read_stays(tmp_path: Path, before: bytes | None) -> None:
    exchange(tmp_path, FILE, None, b"one")
    with pytest.raises(ChangedError) as error:
        exchange(tmp_path, FILE, before, b"two")
    assert str(error.value) == "folder/a changed while sealgen ran; nothing was written\nRun it again."
    (tmp_path / FILE).unlink()
    with pytest.raises(ChangedError):
        exchange(tmp_path, FILE, b"one", b"two")
    assert list((tmp_path / "folder").iterdir()) == []


def test_no_link_is_followed(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    outside.mkdir()
    root.mkdir()
    (root / "folder").symlink_to(outside)
    with pytest.raises(SealgenError) as error:
        exchange(root, FILE, None, b"new")
    assert str(error.value) == "folder/a leads out of the project through a link; nothing was written"
    (root / "folder").unlink()
    (root / "folder").mkdir()
    (root / "b").write_bytes(b"old")
    (root / FILE).symlink_to("../b")
    with pytest.raises(SealgenError) as error:
        exchange(root, FILE, b"old", b"new")
    assert str(error.value) == "folder/a is a link; nothing was changed"
    assert ((root / "b").read_bytes(), list(outside.iterdir())) == (b"old", [])


@pytest.mark.parametrize("step", ["write", "flush"])
def test_where_an_exchange_fails_all_is_as_it_was(tmp_path: Path, step: str) -> None:
    exchange(tmp_path, FILE, None, b"old")
    with (
        patch(f"sealgen.overlay.single.{step}", side_effect=OSError(28, "No space left on device")),
        pytest.raises(SealgenError) as error,
    ):
        exchange(tmp_path, FILE, b"old", b"new")
    assert str(error.value) == "can't write folder/a: No space left on device; nothing was changed"
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "folder").iterdir()] == [("a", b"old")]
