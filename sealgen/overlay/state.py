"""The folder ``.sealgen/``: what belongs to a machine and not to Git, and the locks that runs hold."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.overlay.disk import explained

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATE = ".sealgen"
ROTATIONS = "rotations"


def staging_of(root: Path, environment: str) -> Path:
    """Return where an environment's new files are staged."""
    return root / STATE / f"{environment}.staging"


def journal_of(root: Path, environment: str) -> Path:
    """Return where an environment's journal is."""
    return root / STATE / f"{environment}.journal"


def rotation_of(root: Path, environment: str) -> Path:
    """Return where the journal of an environment's rotation is."""
    return root / STATE / ROTATIONS / f"{environment}.journal"


def make_state(root: Path) -> None:
    """Make the folder, with its own .gitignore."""
    state = root / STATE
    with explained("write", STATE):
        with contextlib.suppress(FileExistsError):
            state.mkdir(0o700)
        if not stat.S_ISDIR(state.lstat().st_mode):
            raise SealgenError(f"{STATE} is a file or a link; sealgen needs a folder of that name")
        descriptor = os.open(state / ".gitignore", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with open_here(descriptor):
            if os.fstat(descriptor).st_size == 0:
                os.write(descriptor, b"*\n")


def open_lock(root: Path, name: str) -> int:
    """Open a lock's file, made if it is not there; returns the descriptor."""
    with explained("lock", f"{STATE}/{name}"):
        return os.open(root / STATE / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


@contextlib.contextmanager
def lock_of_all(root: Path) -> Iterator[None]:
    """Hold the lock of all environments, for a moment."""
    descriptor = open_lock(root, "lock")
    with open_here(descriptor):
        with explained("lock", f"{STATE}/lock"):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def lock_holder(root: Path, environment: str) -> str | None:
    """Return who holds an environment's lock, None if nobody does; writes nothing."""
    name = f"{environment}.lock"
    with explained("read", f"{STATE}/{name}"):
        try:
            descriptor = os.open(root / STATE / name, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        with open_here(descriptor):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return holder(descriptor)
            return None


def holder(descriptor: int) -> str:
    """Say which process wrote its number into a lock, or nothing."""
    number = os.pread(descriptor, 20, 0).strip()
    return f" (process {number.decode()})" if number.isdigit() else ""


_open_descriptors: set[int] = set()


@contextlib.contextmanager
def open_here(descriptor: int) -> Iterator[None]:
    """Close the descriptor at the end, and at once in a forked child: a lock is held as long as any copy is open."""
    _open_descriptors.add(descriptor)
    try:
        yield
    finally:
        _open_descriptors.discard(descriptor)
        os.close(descriptor)


def _close_in_child() -> None:
    for descriptor in _open_descriptors:
        os.close(descriptor)
    _open_descriptors.clear()


os.register_at_fork(after_in_child=_close_in_child)
