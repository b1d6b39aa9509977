"""One file that a command writes where the user asked for it: whole or not at all, in the place of what is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.overlay.disk import (
    Failure,
    content_of,
    explained,
    flush,
    make_folder,
    mode_of,
    nothing_changed,
    real,
    write,
)
from sealgen.overlay.state import lock_of_all, make_state

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath


class ChangedError(SealgenError):
    """The file is not as it was read."""


def replace(path: Path, content: bytes) -> None:
    """Write a file; it is on the disk when this returns.

    A file that is there keeps its mode, a new one is open to its owner alone. A link stays, and what it points to is
    written; what is no file but takes bytes, as a pipe or ``/dev/stdout``, is given them. Raises SealgenError where
    that fails; what was there is then as it was.
    """
    try:
        with explained("write", path):
            if path.exists() and not path.is_file():
                path.write_bytes(content)
            else:
                _put(real(path), content)
    except Failure as failure:
        raise SealgenError(f"{failure}; nothing was written") from None


def exchange(root: Path, path: PurePosixPath, before: bytes | None, after: bytes) -> None:
    """Write a file of the project below ``root``, which must still be as it was read: ``before``, None if not there.

    It is on the disk when this returns; a file that is there keeps its mode. Raises ChangedError where it is not,
    and SealgenError where it leads out of the project through a link, or can't be written; it is as it was then.
    """
    place = root / path
    with nothing_changed():
        make_state(root)
        if not real(place).is_relative_to(real(root)):
            raise SealgenError(f"{path} leads out of the project through a link; nothing was written")
        with explained("write", path):
            make_folder(place.parent, [])
        with lock_of_all(root):
            if content_of(place, path) != before:
                raise ChangedError(f"{path} changed while sealgen ran; nothing was written", hint="Run it again.")
            with explained("write", path):
                _put(place, after, 0o644)


def _put(path: Path, content: bytes, mode: int = 0o600) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        write(new, content, mode, mode_of(path))
        flush(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    flush(path.parent)
