"""Values by name as YAML text, a line or a block each: what ``sealgen values edit`` shows, and age encrypts.

A text is the value's UTF-8 bytes, whatever YAML thinks of it; ``{base64: …}`` has any bytes. Messages repeat nothing
of the text: wherever a space or a quote is missing, it may be a value.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from sealgen.errors import ConfigurationError
from sealgen.values.age import NAME, NAME_WORDS
from sealgen.values.secret import Secret
from sealgen.yaml import layout
from sealgen.yaml.entries import NotInPlaceError, with_entries, without_entry
from sealgen.yaml.nodes import MAX_BYTES, Mapping, Scalar, is_null, parse, parse_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealgen.yaml.layout import Tree
    from sealgen.yaml.nodes import Node

_BASE64 = "base64"
_REPEATED = re.compile(r"'.*'|\(.*\)", re.DOTALL)
_ADVICE = "A text that begins with a mark such as * & ! { [ # % @, or that holds ': ' or ' #', needs quotes."


def read(text: bytes, file: str) -> dict[str, Secret]:
    """Return the values by name, in their order; none where the text holds none.

    ``file`` is the name that marks carry. Raises ConfigurationError for anything else.
    """
    try:
        if not parse_all(text, file, MAX_BYTES):
            return {}
        root = parse(text, file)
    except ConfigurationError as error:
        raise ConfigurationError(_REPEATED.sub("(…)", error.message), at=error.at, hint=_ADVICE) from None
    if not isinstance(root, Mapping):
        raise ConfigurationError("this must be values by name, as in smtp_password: correct horse", at=root.at)
    return {name: _value(key, node) for name, (key, node) in root.entries.items()}


def _value(key: Scalar, node: Node) -> Secret:
    name = key.text
    if ":" in name:
        raise ConfigurationError("a ':' that ends a name needs a space after it", at=key.at)
    if not re.fullmatch(NAME, name):
        raise ConfigurationError(f"this can't be a name; a name has {NAME_WORDS}", at=key.at)
    if isinstance(node, Scalar):
        if is_null(node):
            raise ConfigurationError(f"{name} is empty; write '' for an empty text", at=node.at)
        return Secret(node.text.encode())
    encoded = node.get(_BASE64) if isinstance(node, Mapping) and len(node.entries) == 1 else None
    if not isinstance(encoded, Scalar):
        raise ConfigurationError(
            f"{name} must be a text, or {{{_BASE64}: …}} for bytes that are none", at=node.at, hint=_ADVICE
        )
    try:
        return Secret(base64.b64decode("".join(encoded.text.split()), validate=True))
    except (binascii.Error, ValueError):
        raise ConfigurationError(f"{name}.{_BASE64} is not base64", at=encoded.at) from None


def with_value(text: bytes, file: str, name: str, value: Secret) -> bytes:
    """Return the text with this value in it; all else stays as it stands.

    Raises ConfigurationError as ``read`` does, and for a text, as of values in braces, that can't be changed so.
    """
    values = read(text, file)
    entry: Tree = {name: _written(value)}
    before = text.decode("utf-8-sig")
    if not values:
        # Comments stay, where there is nothing else; "{}" does not.
        if not re.fullmatch(r"(?:[ ]*(?:#.*)?\r?(?:\n|\Z))*", before):
            before = ""
        return (_ended(before) + layout.dump(entry).removeprefix("---\n")).encode()
    return _checked(lambda: with_entries(_ended(before), (), entry), file, values | {name: value})


def without_value(text: bytes, file: str, name: str) -> bytes:
    """Return the text, which has the value, without it; raises ConfigurationError as ``with_value`` does."""
    values = read(text, file)
    del values[name]
    return _checked(lambda: without_entry(text.decode("utf-8-sig"), name), file, values)


def _checked(edited: Callable[[], str], file: str, values: dict[str, Secret]) -> bytes:
    """Return an edited text, once it is certain that it holds these values."""
    try:
        text = edited().encode()
        if _said(read(text, file)) == _said(values):
            return text
    except (NotInPlaceError, ConfigurationError):
        pass
    raise ConfigurationError(f"the values of {file} are laid out as only you can change them: sealgen values edit")


def _said(values: dict[str, Secret]) -> dict[str, bytes]:
    return {name: value.reveal() for name, value in values.items()}


def _ended(text: str) -> str:
    return text if text.endswith("\n") or not text else f"{text}\n"


def _written(value: Secret) -> str | dict[str, str]:
    content = value.reveal()
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {_BASE64: base64.b64encode(content).decode()}
