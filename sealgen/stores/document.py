"""What an entry of a store holds, and the part of it that a value is.

JSON values keep their bytes: a number is the characters that the store has (RFC 8259, section 6).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from sealgen.errors import SealgenError, did_you_mean, quoted
from sealgen.stores.refusal import Refused
from sealgen.values.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence

Document: TypeAlias = "bytes | Mapping[str, Any]"
"""An entry: bytes, or what each of its keys has: text, bytes, or JSON data as ``from_json`` returns it."""


class _Number(str):
    """A number's characters."""

    __slots__ = ()


def from_json(content: bytes) -> Any:
    """Return JSON data, numbers as their characters; raises ValueError for anything else."""
    try:
        return json.loads(
            content.decode(), parse_int=_Number, parse_float=_Number, parse_constant=_no_number, strict=True
        )
    except RecursionError:
        raise ValueError("too deep") from None


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def value_of(document: Document, path: Sequence[str], encoding: str | None, label: str) -> Secret:
    """Return the value at ``path`` in the document, which messages call ``label``.

    Raises Refused where there is none, or none that is text, bytes, a number, true or false.
    """
    found: Any = document
    for depth, name in enumerate(path):
        where = f"{quoted('.'.join(path[:depth]))} of {label}" if depth else label
        if isinstance(found, str | bytes) and not isinstance(found, _Number):
            try:
                found = from_json(found if isinstance(found, bytes) else found.encode())
            except ValueError:
                raise _wrong(f"{where} is no JSON, so that it has no property {quoted(name)}") from None
        if not isinstance(found, Mapping):
            raise _wrong(f"{where} is {_named(found)}, so that it has no property {quoted(name)}")
        if name not in found:
            raise Refused(f"{where} has no property {quoted(name)}{did_you_mean(name, found)}")
        found = found[name]
    content = _bytes(found, f"{quoted('.'.join(path))} of {label}" if path else label)
    return Secret(content if encoding is None else _decoded(content, path, label))


def _bytes(found: Any, where: str) -> bytes:
    if isinstance(found, bytes):
        return found
    if isinstance(found, bool):
        return b"true" if found else b"false"
    if isinstance(found, str):
        try:
            return found.encode()
        except UnicodeEncodeError:
            raise _wrong(f"{where} has half of a character, which is no text") from None
    raise _wrong(f"{where} is {_named(found)}, not text")


def _decoded(content: bytes, path: Sequence[str], label: str) -> bytes:
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error:
        raise _wrong(f"{quoted('.'.join(path)) + ' of ' if path else ''}{label} is not base64") from None


def _named(found: Any) -> str:
    if found is None:
        return "null"
    if isinstance(found, bool):
        return "true or false"
    if isinstance(found, list):
        return "a list"
    return "an object" if isinstance(found, Mapping) else "a number"


def _wrong(problem: str) -> Refused:
    return Refused(problem, kind=SealgenError)
