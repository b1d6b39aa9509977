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
    from collections.abc import Iterable, Sequence

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


def to_json(data: Any) -> bytes:
    """Return what ``from_json`` returned as JSON again: text, lists and objects, numbers by their characters."""
    return _text(data).encode()


def _text(data: Any) -> str:
    if isinstance(data, _Number):
        return data
    if isinstance(data, Mapping):
        return "{" + ",".join(f"{_text(name)}:{_text(held)}" for name, held in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ",".join(map(_text, data)) + "]"
    # An escape for half of a character, which JSON may hold, and UTF-8 may not.
    return json.dumps(data, ensure_ascii=isinstance(data, str) and not data.isascii() and not _is_unicode(data))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


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


def is_free(document: Document | None, path: Sequence[str]) -> bool:
    """Tell whether nothing stands at ``path``, and something can be put there without taking the place of anything."""
    found: Any = document
    if found is None:
        return True
    for name in path:
        if isinstance(found, bytes):
            try:
                found = from_json(found)
            except ValueError:
                return False
        if not isinstance(found, Mapping):
            return False
        if name not in found:
            return True
        found = found[name]
    return False


def with_values(
    document: Document | None, values: Iterable[tuple[Sequence[str], str | None, Secret]], label: str, *, keyed: bool
) -> Document:
    """Return the document with each of the values, given with its path and encoding, in its place.

    What else the document holds stays. ``document`` is None where there is none yet; ``keyed`` tells whether one is
    keys by nature, or bytes that may be JSON. Raises Refused where a value can't be put there.
    """
    root: Any = document
    for path, encoding, value in values:
        content = value.reveal() if encoding is None else base64.b64encode(value.reveal())
        if not path:
            if keyed:
                raise _wrong(f"{label} is keys and what they hold; say which, as in property: password")
            root = content
            continue
        if isinstance(root, bytes):
            root = _object(root, label)
        try:
            text = content.decode()
        except UnicodeDecodeError:
            raise _wrong(f"{quoted('.'.join(path))} of {label} can only be text; say encoding: base64") from None
        root = _put(root, path, text, label)
    return root if keyed or isinstance(root, bytes) else to_json(root)


def _object(content: bytes, label: str) -> Any:
    try:
        return from_json(content)
    except ValueError:
        raise _wrong(f"{label} holds no JSON, so that no property can be put there") from None


def _put(held: Any, path: Sequence[str], text: str, label: str) -> Mapping[str, Any]:
    """Return a copy of the object, or of a new one, with the text at the path."""
    if held is not None and not isinstance(held, Mapping):
        raise _wrong(f"{label} holds {_named(held)}, so that the property {quoted(path[0])} can't be put there")
    name, *deeper = path
    below: Any = text
    if deeper:
        below = _put((held or {}).get(name), deeper, text, f"{quoted(name)} of {label}")
    return {**(held or {}), name: below}


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
    if isinstance(found, str | bytes) and not isinstance(found, _Number):
        return "text"
    return "an object" if isinstance(found, Mapping) else "a number"


def _wrong(problem: str) -> Refused:
    return Refused(problem, kind=SealgenError)
