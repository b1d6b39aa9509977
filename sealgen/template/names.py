"""The names that a template knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from sealgen.recipe import Reference
from sealgen.template.opaque import Opaque, Parts


class Values(Mapping[str, "Opaque | Parts"]):
    """What a template knows as ``values``: names from a closed set, made into stand-ins when asked for."""

    label: ClassVar[str] = "values"
    """What it is called in templates."""

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
            return Opaque((self._reference(value),))
        return Parts(name, {part: Opaque((self._reference(value, part),)) for part in parts})

    @staticmethod
    def _reference(value: str, part: str = "") -> Reference:
        return Reference(value, part)


class Previous(Values):
    """What a step of a rotation knows as ``previous``: the version before of values."""

    label = "previous"

    @staticmethod
    def _reference(value: str, part: str = "") -> Reference:
        return Reference(previous(value), part)


def previous(value: str) -> str:
    """Return by what name a reference is to the version before of a value; no value has such a name."""
    return _BEFORE + value


def value_before(name: str) -> str | None:
    """Return the value that a reference of this name is to the version before of, None for one to a value as it is."""
    return name.removeprefix(_BEFORE) if name.startswith(_BEFORE) else None


_BEFORE = "previous."


class Variables(dict[str, Any]):
    """What a template knows as ``vars``: data that is no secret."""
