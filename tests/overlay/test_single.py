"""One file, written whole or not at all."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from sealgen.errors import SealgenError
from sealgen.overlay.single import replace


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
