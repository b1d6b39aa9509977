"""Where the journal of an environment's rotation is kept, and the right to carry one out.

``.sealgen/rotations/`` is beside what transactions keep: ``<environment>.journal``, and ``<environment>.lock``, which
is held (flock) as long as steps are run. Programs that steps run may seal: a transaction's lock is another.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from sealgen import private_files
from sealgen.errors import SealgenError
from sealgen.overlay.disk import explained, nothing_changed
from sealgen.overlay.state import ROTATIONS, STATE, holder, make_state, open_here, open_lock, rotation_of
from sealgen.rotation import journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sealgen.rotation.journal import Journal


class Record:
    """The journal on disk; ``held`` gives it."""

    def __init__(self, root: Path, environment: str) -> None:
        self._path = rotation_of(root, environment)

    def read(self) -> Journal | None:
        """Return the journal, None where no rotation was begun; raises SealgenError."""
        return _read(self._path)

    def write(self, state: Journal) -> None:
        """Have the journal on disk when this returns; raises SealgenError."""
        private_files.write_over(self._path, journal.dump(state))

    def forget(self) -> None:
        """Drop the journal."""
        self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def held(root: Path, environment: str) -> Iterator[Record]:
    """Hold the right to carry out a rotation of an environment; raises SealgenError where another run has it."""
    name = f"{ROTATIONS}/{environment}.lock"
    with nothing_changed():
        make_state(root)
        with explained("write", f"{STATE}/{ROTATIONS}"):
            (root / STATE / ROTATIONS).mkdir(mode=0o700, exist_ok=True)
        descriptor = open_lock(root, name)
    with open_here(descriptor):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SealgenError(f"{environment}: another run carries out a rotation{holder(descriptor)}") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        yield Record(root, environment)


def begun(root: Path, environment: str) -> Journal | None:
    """Return the journal of a rotation that was begun and not finished, None where there is none; changes nothing."""
    return _read(rotation_of(root, environment))


def _read(path: Path) -> Journal | None:
    content = private_files.read(path)
    return None if content is None else journal.read(content, f"{STATE}/{ROTATIONS}/{path.name}")
