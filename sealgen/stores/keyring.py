"""The system's keyring: passwords by service and user name, one at a time, as a keyring may ask its user.

It has no versions and no tags: of two that write at once, the later wins.

Source: the documentation of keyring 25.
"""

from __future__ import annotations

import shlex
import threading
from typing import TYPE_CHECKING, Any, ClassVar

from sealgen.stores.deadline import Passed
from sealgen.stores.refusal import Refused, not_installed
from sealgen.stores.writing import Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sealgen.stores.deadline import Deadline
    from sealgen.stores.document import Document
    from sealgen.values.entry import Entry
    from sealgen.values.keyring import KeyringStore


class Keyring:
    """The keyring of the user who runs this."""

    most: ClassVar[int] = 1
    keyed: ClassVar[bool] = False
    owned: ClassVar[bool] = False
    versioned: ClassVar[bool] = False

    def __init__(self, library: Any) -> None:
        self._library = library
        self._lock = threading.Lock()

    def label(self, entry: Entry) -> str:
        """Return the service, the user name, and the kind of keyring."""
        return f"{entry.name} in the keyring ({self._library.get_keyring().name})"

    def read(self, entries: Sequence[Entry], deadline: Deadline) -> Mapping[Entry, Document]:
        """Read the password."""
        (entry,) = entries
        password = self._password(entry, deadline)
        if password is None:
            service, _, user = entry.name.rpartition("/")
            raise Refused(
                f"there is no {self.label(entry)}",
                hint=f"Put it there: keyring set {shlex.quote(service)} {shlex.quote(user)}",
            )
        return {entry: password}

    def problem(self, _: Entry, content: Document) -> str | None:
        """Say why it would never take this."""
        try:
            assert isinstance(content, bytes)  # noqa: S101  (it is not keyed)
            content.decode()
        except UnicodeDecodeError:
            return "it is not UTF-8 text, and a keyring takes nothing else; say encoding: base64"
        return None

    def look(self, entry: Entry, deadline: Deadline) -> Seen:
        """Return what it has now."""
        return Seen(self._password(entry, deadline), None, None)

    def write(self, entry: Entry, content: Document, _: Seen, __: Mapping[str, str], deadline: Deadline) -> None:
        """Put the password, whatever was there."""
        assert isinstance(content, bytes)  # noqa: S101  (it is not keyed)
        service, _slash, user = entry.name.rpartition("/")
        password = content.decode()
        self._asked(lambda: self._library.set_password(service, user, password), entry, deadline, "be written")

    def _password(self, entry: Entry, deadline: Deadline) -> bytes | None:
        service, _, user = entry.name.rpartition("/")
        password = self._asked(lambda: self._library.get_password(service, user), entry, deadline)
        return None if password is None else str(password).encode()

    def _asked(self, ask: Callable[[], Any], entry: Entry, deadline: Deadline, what: str = "be had") -> Any:
        """Return what the keyring answers; it is left alone where it still waits, for its user, when time is up."""
        outcome: list[Any] = []

        def work() -> None:
            try:
                with self._lock:
                    outcome.append(ask())
            except Exception as error:  # told below, by the thread that asked
                outcome.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(deadline.left())
        if not outcome:
            raise Passed
        if isinstance(outcome[0], Exception):
            raise self._refusal(outcome[0], entry, what)
        return outcome[0]

    def _refusal(self, error: Exception, entry: Entry, what: str) -> Refused:
        errors = self._library.errors
        if isinstance(error, errors.NoKeyringError):
            return Refused(
                f"{entry.name} needs a keyring, and this system has none that the keyring library knows",
                hint="On a server, as in CI, take the value from another source; see: keyring --list-backends",
            )
        if isinstance(error, errors.KeyringLocked):
            return Refused(f"{self.label(entry)} can't {what}: the keyring is locked", hint="Unlock it and run again.")
        # What else a keyring says may hold anything.
        return Refused(f"{self.label(entry)} can't {what} ({type(error).__name__})")


def connect(_: KeyringStore, __: Path, ___: Mapping[str, str]) -> Keyring:
    """Return the keyring; raises Refused where its library is not installed."""
    try:
        import keyring  # noqa: PLC0415  (an extra)
        import keyring.errors  # noqa: PLC0415
    except ImportError:
        raise not_installed("the keyring", "the keyring library", "keyring") from None
    return Keyring(keyring)
