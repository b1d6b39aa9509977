"""An entry of a store, and which part of it a value is."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import ClassVar, Protocol


class Store(Hashable, Protocol):
    """Where a store is and how to sign in there, as far as it isn't left to the client's own variables."""

    kind: ClassVar[str]
    """The name of the source that reads it: ``vault``, ``aws-ssm``…"""


@dataclass(frozen=True)
class Entry:
    """What is read at once, and cached for one run: a name in a store, at a version."""

    store: Store
    name: str
    """The store's own: a path, a name, or an identifier."""
    version: str | None
    """None for the newest."""


@dataclass(frozen=True)
class Part:
    """The bytes of a value: of an entry, or of a property of what it holds as JSON."""

    entry: Entry
    property: tuple[str, ...]
    """Names, each in what the one before leads to; none for all of the entry."""
    encoding: str | None
    """``base64``: the store has text, and the value is the bytes that it stands for."""
    timeout: int
    """In seconds, all tries together."""
