"""Reading the stores in one run: several at once, each entry once, patiently, and in memory only."""

from __future__ import annotations

import contextlib
import importlib
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, ClassVar, Final, Protocol, TypeVar

from sealgen.errors import SealgenError
from sealgen.silence import keep_clients_silent
from sealgen.stores.deadline import Deadline, Passed
from sealgen.stores.document import Document, value_of
from sealgen.stores.refusal import Failed, NotAnswered, Refused
from sealgen.stores.writing import Held, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from sealgen.values import entry
    from sealgen.values.entry import Entry, Part
    from sealgen.values.secret import Secret

T = TypeVar("T")

_AT_ONCE: Final = 8
"""Threads; each of them asks for one thing at a time."""
_TRIES: Final = 4
_FIRST_PAUSE: Final = 0.25  # seconds; each pause is twice the one before
_LONGEST_PAUSE: Final = 10.0  # seconds, whatever the store asks for

_MODULES = {
    "vault": "vault",
    "aws-secretsmanager": "aws_secretsmanager",
    "aws-ssm": "aws_ssm",
    "gcp-secretmanager": "gcp_secretmanager",
    "azure-keyvault": "azure_keyvault",
    "sops": "sops",
    "age": "age",
    "keyring": "keyring",
    "kubernetes": "kubernetes_secret",
}


class Reader(Protocol):
    """A store as its clients see it; it is asked from several threads."""

    most: ClassVar[int]
    """How many entries it may be asked for at once."""

    def label(self, entry: Entry) -> str:
        """Return what messages call an entry: its name, and where it is."""

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document | Refused]:
        """Return each of the entries, or why there is none.

        Raises Failed where the store does not answer as it should, Passed where there is no time left, and Refused
        where none can be had.
        """


class _Reading:
    """An entry that is being read, or was."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._outcome: Document | BaseException = b""

    def end(self, outcome: Document | BaseException) -> None:
        """Tell what came of it."""
        self._outcome = outcome
        self._done.set()

    def document(self) -> Document:
        """Wait until it is read, and return what is there; raises why it can't be had."""
        self._done.wait()
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        return self._outcome


def _begin(jobs: Iterable[Callable[[], None]]) -> list[threading.Thread]:
    """Begin what is to be done, some of it at once; ``jobs`` raise nothing."""
    waiting = deque(jobs)

    def work() -> None:
        while True:
            try:
                job = waiting.popleft()
            except IndexError:
                return
            job()

    # As daemons they do not keep a run from ending that somebody interrupts.
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(_AT_ONCE, len(waiting)))]
    for thread in threads:
        thread.start()
    return threads


class Stores:
    """The stores that the values of a run come from."""

    def __init__(self, root: Path, environ: Mapping[str, str], pause: Callable[[float], None] = time.sleep) -> None:
        self._root = root
        self._environ = environ
        self._pause = pause
        self._readers: dict[entry.Store, Reader | Refused] = {}
        self._readings: dict[Entry, _Reading] = {}
        self._down: dict[Reader, str] = {}
        """Why a store answers nothing; it is not asked for more, as each would take its whole time."""

    def ahead(self, parts: Iterable[Part]) -> None:
        """Begin to read the entries that these are of, and have not been asked for."""
        wanted: dict[entry.Store, dict[Entry, int]] = {}
        for part in parts:
            if part.entry not in self._readings:
                of_store = wanted.setdefault(part.entry.store, {})
                of_store[part.entry] = max(part.timeout, of_store.get(part.entry, 0))
        _begin(job for store, timeouts in wanted.items() for job in self._jobs(store, timeouts))

    def read(self, name: str, part: Part) -> Secret:
        """Return the part, for the value called ``name``.

        Raises CannotTell where it can't be had, and SealgenError where what is there is no value.
        """
        if part.entry not in self._readings:
            for job in self._jobs(part.entry.store, {part.entry: part.timeout}):
                job()
        try:
            document = self._readings[part.entry].document()
            reader = self._reader(part.entry.store)
            return value_of(document, part.property, part.encoding, reader.label(part.entry))
        except Refused as refused:
            raise refused.of(name) from None

    def look(self, entry: Entry, timeout: int) -> Held:
        """Look at an entry that is to be written, as it is now; ``timeout`` is in seconds.

        What was read of it before is read again. Raises CannotTell where the store can't be asked, and SealgenError
        where it can't be written.
        """
        self._readings.pop(entry, None)
        try:
            reader = self._reader(entry.store)
            if not isinstance(reader, Writer):
                raise Refused(f"{reader.label(entry)} can be read, and not written", kind=SealgenError)
            return Held.found(
                reader,
                entry,
                lambda ask: self._patiently(reader, timeout, ask),
                # What was read of it is no longer so once it is written.
                lambda: self._readings.pop(entry, None),
            )
        except Refused as refused:
            raise refused.error() from None

    def look_all(self, timeouts: Mapping[Entry, int]) -> dict[Entry, Held | SealgenError]:
        """Look at entries, several at once, each with its timeout; return each, or what ``look`` raises of it."""
        found: dict[Entry, Held | BaseException] = {}

        def job(entry: Entry, timeout: int) -> Callable[[], None]:
            def look() -> None:
                try:
                    found[entry] = self.look(entry, timeout)
                except BaseException as error:  # raised below
                    found[entry] = error

            return look

        for store in {entry.store for entry in timeouts}:
            with contextlib.suppress(Refused):  # told of each entry
                self._reader(store)
        for thread in _begin(job(entry, timeout) for entry, timeout in timeouts.items()):
            thread.join()
        looked: dict[Entry, Held | SealgenError] = {}
        for entry in timeouts:
            outcome = found[entry]
            if isinstance(outcome, BaseException) and not isinstance(outcome, SealgenError):
                raise outcome
            looked[entry] = outcome
        return looked

    def _jobs(self, store: entry.Store, timeouts: Mapping[Entry, int]) -> Iterable[Callable[[], None]]:
        """Return what is to be done to read the entries of a store, in portions."""
        entries = list(timeouts)
        readings = {entry: _Reading() for entry in entries}
        self._readings |= readings
        try:
            reader = self._reader(store)
        except Refused as refused:
            for reading in readings.values():
                reading.end(refused)
            return

        def job(portion: Sequence[Entry]) -> Callable[[], None]:
            return lambda: self._read(reader, {entry: readings[entry] for entry in portion}, timeouts)

        for start in range(0, len(entries), reader.most):
            yield job(entries[start : start + reader.most])

    def _reader(self, store: entry.Store) -> Reader:
        if store not in self._readers:
            keep_clients_silent()
            module = importlib.import_module(f"sealgen.stores.{_MODULES[store.kind]}")
            try:
                self._readers[store] = module.connect(store, self._root, self._environ)
            except Refused as refused:
                self._readers[store] = refused
        reader = self._readers[store]
        if isinstance(reader, Refused):
            raise reader
        return reader

    def _read(self, reader: Reader, readings: Mapping[Entry, _Reading], timeouts: Mapping[Entry, int]) -> None:
        entries = list(readings)
        outcomes: dict[Entry, Document | BaseException]
        try:
            timeout = max(timeouts[entry] for entry in entries)
            found = self._patiently(reader, timeout, lambda deadline: reader.read(entries, deadline))
            outcomes = {entry: found[entry] for entry in entries}
        except NotAnswered as error:
            outcomes = {entry: error.of(reader.label(entry)) for entry in entries}
        except BaseException as error:  # raised where the value is asked for
            outcomes = dict.fromkeys(entries, error)
        for entry, reading in readings.items():
            reading.end(outcomes[entry])

    def _patiently(self, reader: Reader, timeout: int, ask: Callable[[Deadline], T]) -> T:
        """Return what comes of asking; raises NotAnswered where nothing does, and what ``ask`` raises otherwise."""
        if reader in self._down:
            raise NotAnswered(self._down[reader])
        deadline, pause, tries = Deadline(timeout), _FIRST_PAUSE, 0
        try:
            while True:
                tries += 1
                try:
                    return ask(deadline)
                except Failed as failed:
                    wait = min(max(failed.wait, pause), _LONGEST_PAUSE)
                    if not failed.may_pass or tries == _TRIES or wait >= deadline.left():
                        reason = f"{failed.reason} ({tries} tries)" if tries > 1 else failed.reason
                        if failed.is_down:
                            self._down[reader] = reason
                        raise NotAnswered(reason) from None
                self._pause(wait)
                pause *= 2
        except Passed:
            self._down[reader] = f"no answer within {timeout} s"
            raise NotAnswered(self._down[reader]) from None
