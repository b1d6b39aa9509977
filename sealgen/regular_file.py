"""Reading a regular file as a whole: never one that blocks, as a pipe does, or has no end, as a device may."""

from __future__ import annotations

import os
import stat

MAX_BYTES = 64 * 1024 * 1024
"""Of any file of a project: the lock of 100,000 keys has half of it. What is to understand a file may take less."""


class NotRegularError(Exception):
    """There is something at the path, but no regular file: a folder, a pipe, a device."""


class TooLargeError(Exception):
    """The file has more bytes than were asked for."""


def read_regular(path: str, most: int) -> bytes:
    """Return the bytes of the file at ``path``, of which there may be ``most``.

    A link is followed. Raises NotRegularError, TooLargeError, and OSError where it can't be read or is not there.
    """
    # Without O_NONBLOCK, opening a pipe waits for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotRegularError
        size = found.st_size
        if size > most:
            raise TooLargeError
        content = os.read(descriptor, size + 1)
        # More or less than its size: it is being written to, or of a file system that does not know sizes.
        while len(content) != size and len(content) <= most:
            chunk = os.read(descriptor, most + 1 - len(content))
            if not chunk:
                break
            content += chunk
        if len(content) > most:
            raise TooLargeError
        return content
    finally:
        os.close(descriptor)
