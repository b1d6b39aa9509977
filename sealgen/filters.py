"""The closed list of filters that a secret may pass through: bytes in, bytes out.

They are recorded when a template is rendered and run when a key is sealed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BCRYPT_LIMIT = 72  # bytes; bcrypt ignores what follows, so a longer password would not mean what it says


MAX_BYTES = 4 * 1024 * 1024
"""The most that a filter may give: four times what a Secret can hold, for what shrinks again on its way."""
TOO_LARGE = "gives more than 4 MiB, and a Secret holds 1 MiB"


_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""Unicode's, as Go knows it; Python takes four control characters for white space too."""


class FilterError(Exception):
    """A filter can't take this input; the message says why and holds nothing of it."""


@dataclass(frozen=True)
class Filter:
    """``apply`` takes the input and ``len(parameters)`` arguments."""

    apply: Callable[..., bytes]
    parameters: tuple[str, ...] = ()
    salted: bool = False
    """What it gives is different each time, so that it is run only when a key is sealed."""


def _text(plaintext: bytes) -> str:
    try:
        return plaintext.decode()
    except UnicodeDecodeError:
        raise FilterError("takes UTF-8 text, and this is not") from None


def _urlquote(plaintext: bytes) -> bytes:
    """Percent-encode all but the unreserved characters (RFC 3986, section 2.3)."""
    return quote(plaintext, safe="").encode()


def _b64decode(plaintext: bytes) -> bytes:
    """Decode standard base64 as Go, and so Kubernetes, does: line breaks in it count for nothing."""
    try:
        return base64.b64decode(plaintext.translate(None, b"\r\n"), validate=True)
    except binascii.Error:
        raise FilterError("takes standard base64 with padding, and this is not") from None


def _tojson(plaintext: bytes) -> bytes:
    """Return a JSON string, quotes included (RFC 8259), as Go writes it: U+2028 and U+2029 are escaped too."""
    quoted = json.dumps(_text(plaintext), ensure_ascii=False)
    return quoted.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def _sqlquote(plaintext: bytes) -> bytes:
    """Return a PostgreSQL string constant; with a backslash in it, of the E'' kind (manual, 4.1.2.2)."""
    quoted = _text(plaintext).replace("'", "''")
    if "\0" in quoted:
        raise FilterError("an SQL string can't hold a NUL character")
    if "\\" in quoted:
        return b"E'" + quoted.replace("\\", "\\\\").encode() + b"'"
    return f"'{quoted}'".encode()


def _shellquote(plaintext: bytes) -> bytes:
    if b"\0" in plaintext:
        raise FilterError("a shell word can't hold a NUL character")
    return shlex.quote(_text(plaintext)).encode()


def _redisquote(plaintext: bytes) -> bytes:
    """Return a word in double quotes, as redis-cli and the server's inline commands read it (``sdssplitargs``)."""
    quoted = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}" for byte in plaintext
    )
    return f'"{quoted}"'.encode()


def _htpasswd(password: bytes, user: bytes) -> bytes:
    """Return a line of Apache's htpasswd file, ``user:`` and a bcrypt hash of cost 12 with a fresh salt."""
    import bcrypt  # noqa: PLC0415  (only this filter needs it)

    if len(password) > _BCRYPT_LIMIT:
        raise FilterError(f"bcrypt takes at most {_BCRYPT_LIMIT} bytes, and this is longer")
    if b"\0" in password:
        raise FilterError("bcrypt can't take a NUL character")
    if not user or not set(user).isdisjoint(b":\r\n\0"):
        raise FilterError("the user of an htpasswd line must not be empty or hold ':', a line break or NUL")
    return user + b":" + bcrypt.hashpw(password, bcrypt.gensalt(12, prefix=b"2b")).replace(b"$2b$", b"$2y$", 1)


def _replace(plaintext: bytes, old: bytes, new: bytes) -> bytes:
    if not old:
        raise FilterError("the text to replace is empty")
    # Looked at before it is done: one step can make a gigabyte of two values of a megabyte.
    if len(plaintext) + plaintext.count(old) * len(new) > MAX_BYTES:
        raise FilterError(TOO_LARGE)
    return _text(plaintext).replace(_text(old), _text(new)).encode()


FILTERS: Mapping[str, Filter] = {
    "urlquote": Filter(_urlquote),
    "b64encode": Filter(base64.b64encode),
    "b64decode": Filter(_b64decode),
    "tojson": Filter(_tojson),
    "sqlquote": Filter(_sqlquote),
    "shellquote": Filter(_shellquote),
    "redisquote": Filter(_redisquote),
    "htpasswd": Filter(_htpasswd, ("user",), salted=True),
    "replace": Filter(_replace, ("old", "new")),
    "trim": Filter(lambda plaintext: _text(plaintext).strip(_WHITE_SPACE).encode()),
    "upper": Filter(lambda plaintext: _text(plaintext).upper().encode()),
    "lower": Filter(lambda plaintext: _text(plaintext).lower().encode()),
    "sha256": Filter(lambda plaintext: hashlib.sha256(plaintext).hexdigest().encode()),
}
