"""The journal is whole on disk, for its owner alone, and in one run's hands at a time."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from sealgen.errors import ConfigurationError, SealgenError
from sealgen.execution.record import held
from sealgen.overlay.state import rotation_of
from sealgen.rotation.journal import Journal, Versions

if TYPE_CHECKING:
    from pathlib import Path

JOURNAL = Journal({"password": Versions(None, "1-00000000")}, (), ())


def test_it_is_read_as_it_was_written_until_it_is_forgotten(tmp_path: Path) -> None:
    with held(tmp_path, "staging") as record:
        assert record.read() is None
        record.write(JOURNAL)
        assert record.read() == JOURNAL
    path = rotation_of(tmp_path, "staging")
    assert path == tmp_path / ".sealgen/rotations/staging.journal"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / ".sealgen/.gitignore").read_text() == "*\n"
    with held(tmp_path, "staging") as record:
        assert record.read() == JOURNAL
        record.forget()
        record.forget()
        assert record.read() is None


def test_one_run_has_it_and_other_environments_are_free(tmp_path: Path) -> None:
    with held(tmp_path, "staging"):
        with held(tmp_path, "production"):
            pass
        with pytest.raises(SealgenError, match=r"^staging: another run carries out a rotation \(process \d+\)$"):
            held(tmp_path, "staging").__enter__()
    with held(tmp_path, "staging"):
        pass


def test_a_journal_that_others_can_read_or_that_is_a_link_is_refused(tmp_path: Path) -> None:
    with held(tmp_path, "staging") as record:
        record.write(JOURNAL)
        path = rotation_of(tmp_path, "staging")
        path.chmod(0o644)
        with pytest.raises(ConfigurationError, match="is open to others"):
            record.read()
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ConfigurationError, match="is a link; nothing was written"):
            record.write(JOURNAL)


def test_a_folder_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / ".sealgen").mkdir()
    (tmp_path / ".sealgen/rotations").write_text("")
    with pytest.raises(SealgenError) as caught:
        held(tmp_path, "staging").__enter__()
    assert caught.value.message == "can't write .sealgen/rotations: File exists; nothing was changed"
