"""Versions of values that can be read again: keyed, so that the lock in Git can't be used to try guesses."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from sealgen.values.source import Parts
    from sealgen.values.value import Value

KEY_VARIABLE = "SEALGEN_FINGERPRINT_KEY"
"""The environment variable that holds the key in CI."""
_KEY_BYTES = 32


@dataclass(frozen=True, eq=False)
class FingerprintKey:
    """A key of HMAC-SHA256 (RFC 2104), masked like every secret."""

    key: Secret

    @classmethod
    def parse(cls, text: str) -> FingerprintKey:
        """Read the key from 64 hexadecimal digits or from the base64 of its 32 bytes.

        White space around is ignored. Raises ConfigurationError for anything else.
        """
        text = text.strip()
        if re.fullmatch(r"[0-9a-fA-F]{64}", text):
            return cls(Secret(bytes.fromhex(text)))
        if re.fullmatch(r"[A-Za-z0-9+/]{43}=", text):
            return cls(Secret(base64.b64decode(text)))
        raise ConfigurationError(
            f"the fingerprint key is not {_KEY_BYTES} bytes, in 64 hexadecimal digits or in base64",
            hint=f"Check {KEY_VARIABLE}, or make a new key with 'openssl rand -hex {_KEY_BYTES}'.",
        )

    @property
    def id(self) -> str:
        """Sixteen hexadecimal digits that tell this key from others, and nothing of it."""
        return self._hmac("sealgen fingerprint key 1")[:16]

    def version(self, environment: str, name: str, parts: Parts) -> str:
        """Return the version of the value ``name``, with these parts, in ``environment``."""
        by_part = (item for part in sorted(parts) for item in (part, parts[part].reveal()))
        return "hmac-sha256:" + self._hmac("sealgen value version 1", environment, name, *by_part)[:32]

    def _hmac(self, *items: str | bytes) -> str:
        """Return the HMAC, in hex, of the items, each after its length: no two lists are the same bytes."""
        mac = hmac.new(self.key.reveal(), digestmod=hashlib.sha256)
        for item in items:
            content = item.encode() if isinstance(item, str) else item
            mac.update(len(content).to_bytes(8, "big") + content)
        return mac.hexdigest()


def literal_version(value: Value) -> str:
    """Return the version of a literal: no key is needed, as its text stands in clear in the same repository."""
    return "literal:" + value.specification[:32]


def new_key_text() -> str:
    """Return a new random key, as 64 hexadecimal digits."""
    return secrets.token_hex(_KEY_BYTES)
