"""The names that a template knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sealgen.recipe import Reference
from sealgen.template.opaque import Opaque, Parts


class Values(Mapping[str, "Opaque | Parts"]):
    """What a template knows as ``values``: names from a closed set, made into stand-ins when asked for."""

    def __init__(self, known: Mapping[str, tuple[str, ...]], aliases: Mapping[str, str]) -> None:
        self._known = known
        self._aliases = aliases

    def __iter__(self) -> Iterator[str]:
        return iter({**self._aliases, **self._known})

    def __len__(self) -> int:
        return len({**self._aliases, **self._known})

    def __getitem__(self, name: str) -> Opaque | Parts:
        value = self._aliases.get(name, name)
        parts = self._known[value]
        if parts == ("",):
            return Opaque((Reference(value),))
        return Parts(name, {part: Opaque((Reference(value, part),)) for part in parts})


class Variables(dict[str, Any]):
    """What a template knows as ``vars``: data that is no secret."""
