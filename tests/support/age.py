"""Identities of age for tests, and files that are encrypted for them without a word of sealgen's."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyrage

if TYPE_CHECKING:
    from pathlib import Path


class Key(NamedTuple):
    """An identity, and its recipient, as text."""

    identity: str
    recipient: str

    def encrypt(self, path: Path, content: bytes, *, armored: bool = False) -> None:
        """Write a file that this identity opens."""
        path.parent.mkdir(parents=True, exist_ok=True)
        recipient = pyrage.x25519.Recipient.from_str(self.recipient)
        path.write_bytes(pyrage.encrypt(content, [recipient], armored=armored))

    def decrypt(self, path: Path) -> bytes:
        """Return what a file holds."""
        opened: bytes = pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(self.identity)])
        return opened


def key() -> Key:
    """Return a new identity."""
    made = pyrage.x25519.Identity.generate()
    return Key(str(made), str(made.to_public()))
