"""What the tests of stores share: a server that answers as a test says, and values read from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sealgen.config.stores import STORES, placed
from sealgen.errors import SealgenError
from sealgen.yaml.nodes import parse
from tests.values.reading import CANARY, read, surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def stores(yaml: str) -> Mapping[str, Any]:
    """Return what ``stores:`` means."""
    return STORES.read(parse(yaml, "base.yaml"), "stores")


def value(yaml: str, root: Path, environ: Mapping[str, str], named: str = "{}") -> bytes:
    """Return the bytes of the value ``password`` that ``yaml`` describes, in the stores of ``named``."""
    (found,) = placed({"password": read(yaml)}, stores(named)).values()
    (secret,) = found.source.obtain("password", surroundings(root, environ)).values()
    return secret.reveal()


def refused(
    yaml: str, root: Path, environ: Mapping[str, str], named: str = "{}", canaries: tuple[str, ...] = (CANARY,)
) -> tuple[type[SealgenError], str]:
    """Return the kind and the whole message with which the value can't be had."""
    with pytest.raises(SealgenError) as caught:
        value(yaml, root, environ, named)
    assert not any(canary in str(caught.value) for canary in canaries)
    assert caught.value.__cause__ is None
    return type(caught.value), str(caught.value)
