"""A folder for a plaintext that a person edits: its owner's alone, in memory where the system has such, and wiped."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sealgen.errors import SealgenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_IN_MEMORY = frozenset({"tmpfs", "ramfs"})


@dataclass
class Scratch:
    """The folder, until the end of the block that made it."""

    path: Path
    in_memory: bool
    """Whether no disk has what is in it, swap aside."""
    kept: bool = False
    """Whether it stays when the block ends, as nothing else has what somebody typed; who sets it says so."""


@contextlib.contextmanager
def scratch(environ: Mapping[str, str]) -> Iterator[Scratch]:
    """Make the folder, and wipe it at the end, also where the terminal goes or somebody ends this process.

    Raises SealgenError where it can't be made, or not be wiped.
    """
    places = (environ.get("XDG_RUNTIME_DIR"), "/dev/shm")  # noqa: S108  (a folder of one's own is made in it)
    found = next((place for place in places if place and _is_in_memory(place)), None)
    try:
        made = Scratch(Path(tempfile.mkdtemp(prefix="sealgen-", dir=found)), found is not None)
    except OSError as error:
        raise SealgenError(f"can't make a private folder: {error.strerror}") from None
    with _ended_in_order():
        try:
            yield made
        finally:
            if not made.kept:
                _wipe(made.path)


def write(path: Path, content: bytes) -> None:
    """Make a file that its owner alone can read; raises SealgenError where that can't be done."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise SealgenError(f"can't write {path}: {error.strerror}") from None


def _is_in_memory(place: str) -> bool:
    """Tell whether a folder can be written to and its file system has no disk."""
    if not os.access(place, os.W_OK | os.X_OK):
        return False
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    folder = Path(os.path.realpath(place))
    # The last mount at the deepest place above the folder is the one that counts.
    kinds = {Path(line.split(" ")[1]): line.split(" ")[2] for line in mounts.splitlines()}
    return next((kinds[above] in _IN_MEMORY for above in (folder, *folder.parents) if above in kinds), False)


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Have the signals that would end this process at once end the block instead."""

    def end(number: int, _: object) -> NoReturn:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wipe(folder: Path) -> None:
    """Remove a folder with all that an editor has left there, zeros in the place of what its files held."""
    try:
        for path in folder.rglob("*"):
            if stat.S_ISREG(path.lstat().st_mode):
                with path.open("r+b") as file:
                    file.write(bytes(path.stat().st_size))
                    file.flush()
                    os.fsync(file.fileno())
        shutil.rmtree(folder)
    except OSError as error:
        raise SealgenError(f"{folder} has plaintexts and can't be removed: {error.strerror}") from None
