"""Sealing many values on all processors, while the caller goes on with something else.

A child process for each processor, forked before there is much in memory: what parent and child share then, and one of
them writes to, is copied page by page. Threads would need no copy, as RSA lets go of the interpreter's lock, but so do
a thousand small things, and then each waits for the other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from sealgen.crypto.hybrid import seal, sealed_bytes
from sealgen.errors import SealgenError
from sealgen.processes import end_with, processors, uninterrupted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

FEW: Final = 256
"""So many values are sealed sooner than handed over."""
_ENDED = "a process that sealed values was ended from outside; nothing was written"
_AHEAD: Final = 2**20  # bytes of ciphertexts that a child may be ahead; Linux gives no more


class _Child(NamedTuple):
    process: int
    asked: BinaryIO
    """Where it is told what to seal."""
    told: BinaryIO
    """Where it tells the ciphertexts."""


class Crew:
    """Child processes that wait for values to seal; ``crew`` gives them."""

    def __init__(self) -> None:
        self._children: list[_Child] = []

    def seal(self, items: Sequence[tuple[bytes, bytes]], public_key: RSAPublicKey) -> Iterator[bytes]:
        """Encrypt pairs of plaintext and label; yield the ciphertexts in their order.

        Where they are many, sealing begins with the call. Raises SealgenError where a child process is killed.
        """
        if len(items) <= FEW or not self._children:
            return (seal(plaintext, public_key, label) for plaintext, label in items)
        key = public_key.public_numbers()
        size = len(self._children)
        try:
            for number, child in enumerate(self._children):
                pickle.dump((key.e, key.n, items[number::size]), child.asked)
                child.asked.flush()
        except BrokenPipeError:
            raise SealgenError(_ENDED) from None
        return self._ciphertexts([sealed_bytes(plaintext, public_key) for plaintext, _ in items])

    def _ciphertexts(self, sizes: Sequence[int]) -> Iterator[bytes]:
        for number, size in enumerate(sizes):
            ciphertext = self._children[number % len(self._children)].told.read(size)
            if len(ciphertext) < size:
                raise SealgenError(_ENDED)
            yield ciphertext

    def start(self) -> None:
        """Start one more process; raises OSError."""
        asked, ask = os.pipe()
        told, tell = os.pipe()
        try:
            with contextlib.suppress(AttributeError, OSError):
                fcntl.fcntl(tell, fcntl.F_SETPIPE_SZ, _AHEAD)
            with uninterrupted():
                process = os.fork()
                if process == 0:
                    end_with(lambda: self._work(asked, tell, (ask, told)))
                self._children.append(_Child(process, os.fdopen(ask, "wb"), os.fdopen(told, "rb")))
        except OSError:
            os.close(ask)
            os.close(told)
            raise
        finally:
            os.close(asked)
            os.close(tell)

    def _work(self, asked: int, tell: int, inherited: tuple[int, ...]) -> None:
        """Seal what comes, until the parent, which alone can ask, asks no more or wants nothing any more."""
        for descriptor in (*inherited, *(end.fileno() for child in self._children for end in child[1:])):
            os.close(descriptor)
        with open(asked, "rb") as questions, open(tell, "wb") as answers, contextlib.suppress(EOFError):
            while True:
                self._answer(questions, answers)

    @staticmethod
    def _answer(questions: BinaryIO, answers: BinaryIO) -> None:
        """Seal what is asked next; nothing of it is held while there is no more to do."""
        e, n, items = pickle.load(questions)  # noqa: S301  (from the process that started this one)
        public_key = RSAPublicNumbers(e, n).public_key()
        answers.writelines(seal(plaintext, public_key, label) for plaintext, label in items)
        answers.flush()

    def end(self) -> None:
        """End all processes."""
        for child in self._children:
            child.told.close()
            with contextlib.suppress(OSError):
                child.asked.close()
        for child in self._children:
            with contextlib.suppress(ChildProcessError):  # it is waited for already where SIGCHLD is ignored
                os.waitpid(child.process, 0)
        self._children.clear()


@contextlib.contextmanager
def crew() -> Iterator[Crew]:
    """Give a child process for each processor, or fewer where no more can be started; all end with the block."""
    crew = Crew()
    try:
        if (size := processors()) > 1:
            with contextlib.suppress(OSError):
                for _ in range(size):
                    crew.start()
        yield crew
    finally:
        crew.end()
