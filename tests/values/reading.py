"""What the tests of values share: values read from YAML, and surroundings made up."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sealgen.errors import SealgenError
from sealgen.stores.reading import Stores
from sealgen.values.source import Surroundings
from sealgen.values.sources import ValueShape
from sealgen.yaml.nodes import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sealgen.values.secret import Secret
    from sealgen.values.value import Value

NOW = datetime.datetime(2026, 3, 1, 12, 30, 15, 250_000, tzinfo=datetime.UTC)
CANARY = "canary-5b1f0e"
"""Stands for a secret value: no message may hold it."""


def read(yaml: str) -> Value:
    """Return the value ``password`` that ``yaml`` describes."""
    return ValueShape().read(parse(yaml, "base.yaml"), "values.password")


def surroundings(
    root: Path = Path("/nowhere"),
    environ: Mapping[str, str] | None = None,
    ask: Callable[[str], Secret] | None = None,
) -> Surroundings:
    """Return surroundings with these things and no others."""
    return Surroundings(root, environ or {}, ask, NOW, Stores(root, environ or {}, pause=lambda _: None))


def parts(yaml: str, around: Surroundings | None = None) -> dict[str, bytes]:
    """Return the bytes of the value ``password``, by part."""
    value = read(yaml)
    obtained = value.source.obtain(value.name, around or surroundings())
    assert tuple(obtained) == value.source.parts
    return {part: secret.reveal() for part, secret in obtained.items()}


def only(yaml: str, around: Surroundings | None = None) -> bytes:
    """Return the bytes of the value ``password``, which has no parts."""
    (content,) = parts(yaml, around).values()
    return content


def refusal(yaml: str, kind: type[SealgenError], around: Surroundings | None = None) -> str:
    """Return the whole message with which reading or obtaining ``password`` fails."""
    with pytest.raises(SealgenError) as caught:
        parts(yaml, around)
    assert type(caught.value) is kind
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)
