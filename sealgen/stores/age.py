"""Values in a file of the repository that age encrypted: opened once in a run, and anew before each write."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING, ClassVar

from sealgen.errors import SealgenError, did_you_mean
from sealgen.overlay.single import ChangedError
from sealgen.stores import values_text
from sealgen.stores.age_file import AgeFile
from sealgen.stores.refusal import Overtaken, Refused
from sealgen.stores.writing import Seen
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.age_file import Opened
    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.age import AgeStore
    from sealgen.values.entry import Entry


class Values:
    """The values of a file."""

    most: ClassVar[int] = 1000
    keyed: ClassVar[bool] = False
    owned: ClassVar[bool] = True
    versioned: ClassVar[bool] = False

    def __init__(self, file: AgeFile) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._values: Mapping[str, Secret] | None = None

    def label(self, entry: Entry) -> str:
        """Return the value's name, and the file's path."""
        return f"{entry.name} of {self._file.path}"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document | Refused]:
        """Return what the file has of the entries."""
        deadline.left()
        with self._lock:
            if self._values is None:
                _, self._values = self._opened(must_be_there=True)
            values = self._values
        return {entry: self._one(values, entry.name) for entry in entries}

    def problem(self, _: Entry, __: Document) -> str | None:
        """Say why it would never take this: it takes any bytes."""
        return None

    def look(self, entry: Entry, deadline: Deadline) -> Seen:
        """Return the entry as the file has it now; one that is not there yet has nothing."""
        deadline.left()
        with self._lock:
            _, values = self._opened()
        found = values.get(entry.name)
        return Seen(None if found is None else found.reveal(), _token(found), None)

    def write(self, entry: Entry, content: Document, seen: Seen, _: Mapping[str, str], deadline: Deadline) -> None:
        """Put the value; raises Overtaken where it is not as it was seen. Of other values, what others wrote stays."""
        assert isinstance(content, bytes)  # noqa: S101  (it is not keyed)
        with self._lock:
            self._values = None
            while True:
                deadline.left()
                opened, values = self._opened()
                if _token(values.get(entry.name)) != seen.token:
                    raise Overtaken
                try:
                    text = values_text.with_value(opened.text.reveal(), self._file.path, entry.name, Secret(content))
                    self._file.write(opened, Secret(text))
                except ChangedError:
                    continue
                except SealgenError as error:
                    raise _refused(error) from None
                return

    def _one(self, values: Mapping[str, Secret], name: str) -> Document | Refused:
        if name in values:
            return values[name].reveal()
        return Refused(
            f"{self._file.path} has no value {name}{did_you_mean(name, values)}",
            hint=f"Put it there: sealgen values set ENV {name}",
        )

    def _opened(self, *, must_be_there: bool = False) -> tuple[Opened, Mapping[str, Secret]]:
        try:
            opened = self._file.read()
            values = values_text.read(opened.text.reveal(), self._file.path)
        except SealgenError as error:
            raise _refused(error) from None
        if must_be_there and opened.encrypted is None:
            hint = "Its first value makes it: sealgen values set ENV NAME"
            raise Refused(f"there is no file {self._file.path}", hint=hint)
        return opened, values


def _token(value: Secret | None) -> str:
    """Return what tells in this process, and only here, whether a value is another."""
    return "" if value is None else hashlib.sha256(value.reveal()).hexdigest()


def _refused(error: SealgenError) -> Refused:
    place = f"{error.at}: " if error.at else ""
    return Refused(f"{place}{error.message}", hint=error.hint, kind=type(error))


def connect(store: AgeStore, root: Path, environ: Mapping[str, str]) -> Values:
    """Return the values of the store's file, which is opened when one is asked for."""
    return Values(AgeFile(store, root, environ))
