"""One file that a command writes where the user asked for it: whole or not at all, in the place of what is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sealgen.errors import SealgenError
from sealgen.overlay.disk import Failure, explained, flush, mode_of, real, write

if TYPE_CHECKING:
    from pathlib import Path


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


def _put(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        write(new, content, 0o600, mode_of(path))
        flush(new)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    flush(path.parent)
