"""A folder for a plaintext: its owner's alone, in memory where there is such, and wiped however the run ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from sealgen.errors import SealgenError
from sealgen.scratch import scratch, write


def test_it_is_the_owners_alone_and_gone_at_the_end(tmp_path: Path) -> None:
    with scratch({}) as folder:
        write(folder.path / "a", b"plaintext")
        assert folder.path.stat().st_mode & 0o777 == 0o700
        assert (folder.path / "a").stat().st_mode & 0o777 == 0o600
        (folder.path / "left").mkdir()
        (folder.path / "left" / ".a.swp").write_text("by an editor")
        (folder.path / "link").symlink_to(tmp_path)
        (tmp_path / "elsewhere").write_text("not ours")
    assert not folder.path.exists()
    assert (tmp_path / "elsewhere").read_text() == "not ours"


def test_what_files_held_is_overwritten_before_they_are_removed() -> None:
    made = []

    def use() -> None:
        with scratch({}) as folder:
            made.append(folder.path)
            write(folder.path / "a", b"plaintext")

    stuck = OSError(16, "Device or resource busy")
    with patch("sealgen.scratch.shutil.rmtree", side_effect=stuck), pytest.raises(SealgenError) as caught:
        use()
    (path,) = made
    assert str(caught.value) == f"{path} has plaintexts and can't be removed: Device or resource busy"
    assert (path / "a").read_bytes() == bytes(9)
    (path / "a").unlink()
    path.rmdir()


def test_an_error_wipes_it_unless_it_is_to_be_kept() -> None:
    with pytest.raises(ZeroDivisionError), scratch({}) as folder:
        raise ZeroDivisionError
    assert not folder.path.exists()
    with scratch({}) as folder:
        folder.kept = True
    assert folder.path.is_dir()
    folder.path.rmdir()


def test_a_folder_in_memory_is_preferred_the_users_own_before_that_of_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = f"disk / ext4 rw 0 0\ntmpfs {tmp_path}/run tmpfs rw 0 0\ndisk {tmp_path}/run/disk xfs rw 0 0\n"
    for name in ("run/user", "run/disk", "tmp"):
        (tmp_path / name).mkdir(parents=True)
    read_text = Path.read_text

    def told(path: Path, *arguments: str, **named: str) -> str:
        return mounts if str(path) == "/proc/self/mounts" else read_text(path, *arguments, **named)

    monkeypatch.setattr(Path, "read_text", told)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    for place, in_memory, at in (("run/user", True, "run/user"), ("run/disk", False, "tmp"), ("none", False, "tmp")):
        with scratch({"XDG_RUNTIME_DIR": str(tmp_path / place)}) as folder:
            assert (folder.in_memory, folder.path.parent) == (in_memory, tmp_path / at)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_process_wipes_it(number: signal.Signals) -> None:
    script = (
        "import sys, time\nfrom sealgen.scratch import scratch, write\n"
        "with scratch({}) as folder:\n"
        "    write(folder.path / 'a', b'plaintext')\n"
        "    print(folder.path, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert (folder / "a").read_bytes() == b"plaintext"
        os.kill(process.pid, number)
        assert process.wait(30) == 128 + number
    assert not folder.exists()
