"""Sealing many values on all processors, while the caller goes on with something else.

A child process for each processor, forked: it has the values already, and what it gives back are ciphertexts, in
memory that it shares with its parent. Threads would do, as RSA lets go of the interpreter's lock, but so do a thousand
small things, and then each waits for the other.
"""

from __future__ import annotations

import contextlib
import mmap
import os
from typing import TYPE_CHECKING, Final

from sealgen.crypto.hybrid import seal, sealed_bytes
from sealgen.errors import SealgenError
from sealgen.processes import end_with, processors, uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

FEW: Final = 256
"""So many values take less time than to start and end processes."""
_BATCH: Final = 16  # values that a child seals before it says so


def seal_all(items: Iterable[tuple[bytes, bytes]], public_key: RSAPublicKey) -> Iterator[bytes]:
    """Encrypt pairs of plaintext and label; yield the ciphertexts in their order.

    Where they are many, sealing begins with the call. Raises SealgenError where a child process can't be started or
    is killed.
    """
    items = list(items)
    if len(items) <= FEW or (size := processors()) == 1:
        return (seal(plaintext, public_key, label) for plaintext, label in items)
    ciphertexts = _Crew(items, public_key, size).ciphertexts()
    next(ciphertexts)
    return ciphertexts


class _Crew:
    """Child processes that seal every nth batch each."""

    def __init__(self, items: Sequence[tuple[bytes, bytes]], public_key: RSAPublicKey, size: int) -> None:
        self._items = items
        self._public_key = public_key
        self._ends = [0]
        for plaintext, _ in items:
            self._ends.append(self._ends[-1] + sealed_bytes(plaintext, public_key))
        self._batches = range(0, len(items), _BATCH)
        self._memory = mmap.mmap(-1, self._ends[-1])
        self._children: list[tuple[int, int]] = []
        try:
            for number in range(size):
                self._start(self._batches[number::size])
        except OSError as error:
            self._end()
            raise SealgenError(f"can't start a process to seal values: {error.strerror}; nothing was written") from None
        except BaseException:
            self._end()
            raise

    def _start(self, starts: range) -> None:
        reader, writer = os.pipe()
        try:
            with uninterrupted():
                child = os.fork()
                if child == 0:
                    end_with(lambda: self._work(starts, reader, writer))
                self._children.append((child, reader))
        except OSError:
            os.close(reader)
            raise
        finally:
            os.close(writer)

    def _work(self, starts: range, reader: int, writer: int) -> None:
        """Seal these batches, each told with a byte."""
        # With no end to read from but the parent's, a byte that nobody waits for ends the process.
        for inherited in (reader, *(other for _, other in self._children)):
            os.close(inherited)
        for start in starts:
            batch = self._items[start : start + _BATCH]
            sealed = [seal(plaintext, self._public_key, label) for plaintext, label in batch]
            self._memory[self._ends[start] : self._ends[start + len(sealed)]] = b"".join(sealed)
            os.write(writer, b".")

    def ciphertexts(self) -> Iterator[bytes]:
        """Yield nothing at first, and then the ciphertexts; once begun, its end is that of the children."""
        try:
            yield b""
            for number, start in enumerate(self._batches):
                _, reader = self._children[number % len(self._children)]
                if not os.read(reader, 1):
                    raise SealgenError("a process that sealed values was ended from outside; nothing was written")
                for end in range(start + 1, min(start + _BATCH + 1, len(self._ends))):
                    yield self._memory[self._ends[end - 1] : self._ends[end]]
        finally:
            self._end()

    def _end(self) -> None:
        for _, reader in self._children:
            os.close(reader)
        for child, _ in self._children:
            with contextlib.suppress(ChildProcessError):  # it is waited for already where SIGCHLD is ignored
                os.waitpid(child, 0)
        self._memory.close()
