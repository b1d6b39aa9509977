"""Sealing many values on all processors, while the caller goes on with something else.

A child process for each processor, forked: it has the values already, and what it gives back are ciphertexts, in
memory that it shares with its parent. Threads would do, as RSA lets go of the interpreter's lock, but so do a thousand
small things, and then each waits for the other.
"""

from __future__ import annotations

import mmap
import os
import signal
from typing import TYPE_CHECKING, Final

from sealgen.crypto.hybrid import seal, sealed_bytes
from sealgen.errors import SealgenError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

FEW: Final = 256
"""So many values take less time than to start and end processes."""
_BATCH: Final = 16  # values that a child seals before it says so


def seal_all(items: Iterable[tuple[bytes, bytes]], public_key: RSAPublicKey) -> Iterator[bytes]:
    """Encrypt pairs of plaintext and label; yield the ciphertexts in their order.

    Where they are many, sealing begins with the call. Raises SealgenError where a child process is killed.
    """
    items = list(items)
    if len(items) <= FEW:
        return iter([seal(plaintext, public_key, label) for plaintext, label in items])
    return _Crew(items, public_key, os.cpu_count() or 1).ciphertexts()


class _Crew:
    """Child processes that seal every nth batch each."""

    def __init__(self, items: Sequence[tuple[bytes, bytes]], public_key: RSAPublicKey, size: int) -> None:
        self._ends = [0]
        for plaintext, _ in items:
            self._ends.append(self._ends[-1] + sealed_bytes(plaintext, public_key))
        self._batches = range(0, len(items), _BATCH)
        self._memory = mmap.mmap(-1, self._ends[-1])
        self._children: list[tuple[int, int]] = []
        for number in range(size):
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                self._work(items, public_key, self._batches[number::size], writer)
            os.close(writer)
            self._children.append((child, reader))

    def _work(self, items: Sequence[tuple[bytes, bytes]], public_key: RSAPublicKey, starts: range, writer: int) -> None:
        """Seal these batches, each told with a byte, and end the process: nothing of the parent's may be run."""
        code = 1
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            for start in starts:
                sealed = [seal(plaintext, public_key, label) for plaintext, label in items[start : start + _BATCH]]
                self._memory[self._ends[start] : self._ends[start + len(sealed)]] = b"".join(sealed)
                os.write(writer, b".")
            code = 0
        finally:
            os._exit(code)

    def ciphertexts(self) -> Iterator[bytes]:
        try:
            for number, start in enumerate(self._batches):
                _, reader = self._children[number % len(self._children)]
                if not os.read(reader, 1):
                    raise SealgenError("a process that sealed values was ended from outside; nothing was written")
                for end in range(start + 1, min(start + _BATCH + 1, len(self._ends))):
                    yield self._memory[self._ends[end - 1] : self._ends[end]]
        finally:
            for child, reader in self._children:
                os.close(reader)  # one that still works ends with its next byte
                os.waitpid(child, 0)
            self._memory.close()
