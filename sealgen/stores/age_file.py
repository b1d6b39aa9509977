"""A file of values that age encrypts for its recipients: opened and closed in memory.

Which X25519 keys a file is for, its header does not tell. So the text says it, in comments ahead of the values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from sealgen.errors import CannotTell, SealgenError
from sealgen.overlay import single
from sealgen.regular_file import MAX_BYTES, NotRegularError, TooLargeError, read_regular
from sealgen.stores import age_keys
from sealgen.values.age import BEGINNINGS
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sealgen.values.age import AgeStore

_FIRST = "# Whoever has one of these keys can open this file; sealgen writes these lines.\n"
_HEAD = re.compile(re.escape(_FIRST) + "((?:# - [^\n]*\n)*)")


@dataclass(frozen=True)
class Opened:
    """What the file held when it was read."""

    encrypted: bytes | None = field(repr=False)
    """None where there is no file."""
    text: Secret
    """As ``values_text`` reads it; empty where there is no file."""
    recipients: tuple[str, ...] | None
    """Who could open it; None where it does not say, as sealgen has not written it."""


@dataclass(frozen=True)
class Written:
    """Who can open the file from now on, and could not before, or no longer can."""

    recipients: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


class AgeFile:
    """The file of a store, with the identities of this machine."""

    def __init__(self, store: AgeStore, root: Path, environ: Mapping[str, str]) -> None:
        self._store = store
        self._root = root
        self._environ = environ

    @property
    def path(self) -> str:
        """Where it is, from the project's root."""
        return self._store.file

    def read(self) -> Opened:
        """Return what the file holds.

        Raises CannotTell where no identity of this machine opens it, ConfigurationError for an identity that can't be
        used, and SealgenError for a file that age has not written, or that is damaged.
        """
        encrypted = self._content()
        if encrypted is None:
            return Opened(None, Secret(b""), None)
        text = self._opened(encrypted)
        head = _HEAD.match(text.decode("utf-8", "replace"))
        if head is None:
            return Opened(encrypted, Secret(text), None)
        recipients = tuple(line[4:] for line in head[1].splitlines())
        return Opened(encrypted, Secret(text[len(head[0].encode()) :]), recipients)

    def check_recipients(self) -> None:
        """Raise ConfigurationError for a recipient that is none, before somebody has typed what can't be written."""
        self._recipients()

    def write(self, opened: Opened, text: Secret) -> Written | None:
        """Encrypt a text for the store's recipients, and put it in the place of what was read.

        None where that is what the file holds, for these recipients: it stays, byte for byte. Raises
        ConfigurationError for a recipient that is none, ChangedError where the file is not as it was read, and
        SealgenError where it can't be written.
        """
        recipients, keys = self._recipients()
        if text.reveal() == opened.text.reveal() and recipients == opened.recipients and opened.encrypted is not None:
            return None
        head = _FIRST + "".join(f"# - {recipient}\n" for recipient in recipients)
        encrypted = age_keys.pyrage().encrypt(head.encode() + text.reveal(), keys)
        single.exchange(self._root, PurePosixPath(self.path), opened.encrypted, encrypted)
        before = recipients if opened.recipients is None else opened.recipients
        return Written(recipients, _without(recipients, before), _without(before, recipients))

    def _recipients(self) -> tuple[tuple[str, ...], list[Any]]:
        texts = age_keys.recipients(self._store, self._root)
        return texts, age_keys.public_keys(texts, self._store.recipients_at)

    def _content(self) -> bytes | None:
        try:
            return read_regular(str(self._root / self.path), MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise SealgenError(f"can't read {self.path}: {error.strerror}") from None
        except (NotRegularError, TooLargeError):
            raise SealgenError(f"{self.path} is no file of values") from None

    def _opened(self, encrypted: bytes) -> bytes:
        if not encrypted.startswith(BEGINNINGS):
            raise SealgenError(
                f"{self.path} is not encrypted with age",
                hint="If it holds values, replace them: whoever has the repository can read them."
                if encrypted
                else "Remove it, and put the values in anew.",
            )
        if encrypted.startswith(b"age-encryption.org/v1\n-> scrypt "):
            raise SealgenError(f"{self.path} is encrypted with a passphrase, not for recipients")
        identities = age_keys.identities(self._store, self._root, self._environ)
        age = age_keys.pyrage()
        try:
            text: bytes = age.decrypt(encrypted, identities.keys)
        except age.DecryptError as error:
            if str(error) == "No matching keys found":
                raise CannotTell(
                    f"no age identity in {identities.where} opens {self.path}",
                    hint="Whoever can open it adds your recipient to the store's recipients, and runs: "
                    "sealgen values rekey ENV",
                ) from None
            raise SealgenError(
                f"{self.path} is damaged, or was altered after it was encrypted",
                hint=f"Git has it: git log {self.path}",
            ) from None
        return text


def _without(these: tuple[str, ...], those: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in these if text not in those)
