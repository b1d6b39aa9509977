"""The part of an entry that a value is: its bytes, or why it is none."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores.document import value_of
from sealgen.stores.refusal import Refused
from tests.values.reading import CANARY

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def refusal(document: Any, *path: str, encoding: str | None = None) -> tuple[type[SealgenError], str]:
    with pytest.raises(Refused) as caught:
        value_of(document, path, encoding, "db on the shelf")
    assert CANARY not in caught.value.problem
    assert caught.value.__cause__ is None
    return caught.value.kind, caught.value.problem


@given(content=st.binary())
def test_all_of_an_entry_is_its_bytes(content: bytes) -> None:
    assert value_of(content, (), None, "x").reveal() == content
    assert value_of({"key": content}, ("key",), None, "x").reveal() == content
    encoded = base64.encodebytes(content)
    assert value_of(encoded, (), "base64", "x").reveal() == content
    assert value_of({"key": encoded.decode()}, ("key",), "base64", "x").reveal() == content


@given(name=TEXT, content=TEXT)
def test_a_property_of_json_is_its_text(name: str, content: str) -> None:
    for ascii_only in (True, False):
        document = json.dumps({name: content, "deep": json.dumps({"er": content})}, ensure_ascii=ascii_only).encode()
        if name != "deep":
            assert value_of(document, (name,), None, "x").reveal() == content.encode()
        assert value_of(document, ("deep", "er"), None, "x").reveal() == content.encode()


@pytest.mark.parametrize("number", ["5432", "012345", "1e3", "0.10", "-0", "123456789012345678901234567890", "true"])
def test_a_number_keeps_its_characters(number: str) -> None:
    document = b'{"n": %s, "deep": {"n": %s}}' % (number.encode(), number.encode())
    if number == "012345":
        assert refusal(document, "n") == (
            SealgenError,
            "db on the shelf is no JSON, so that it has no property 'n'",
        )
        return
    assert value_of(document, ("n",), None, "x").reveal() == number.encode()
    assert value_of(document, ("deep", "n"), None, "x").reveal() == number.encode()


DOCUMENT = {
    "password": CANARY,
    "list": [CANARY],
    "object": {"a": CANARY},
    "null": None,
    "yes": True,
    "number": 5432,
    "half": "\ud800",
}


@pytest.mark.parametrize(
    ("path", "kind", "problem"),
    [
        (["pasword"], CannotTell, "db on the shelf has no property 'pasword'; did you mean 'password'?"),
        (["object", "b"], CannotTell, "'object' of db on the shelf has no property 'b'; known are a"),
        (["list"], SealgenError, "'list' of db on the shelf is a list, not text"),
        (["object"], SealgenError, "'object' of db on the shelf is an object, not text"),
        (["null"], SealgenError, "'null' of db on the shelf is null, not text"),
        (["half"], SealgenError, "'half' of db on the shelf has half of a character, which is no text"),
        (
            ["password", "x"],
            SealgenError,
            "'password' of db on the shelf is no JSON, so that it has no property 'x'",
        ),
        (["list", "x"], SealgenError, "'list' of db on the shelf is a list, so that it has no property 'x'"),
        (["yes", "x"], SealgenError, "'yes' of db on the shelf is true or false, so that it has no property 'x'"),
        (["null", "x"], SealgenError, "'null' of db on the shelf is null, so that it has no property 'x'"),
        (["number", "x"], SealgenError, "'number' of db on the shelf is a number, so that it has no property 'x'"),
    ],
)
def test_what_is_no_value_is_refused(path: list[str], kind: type[SealgenError], problem: str) -> None:
    assert refusal(json.dumps(DOCUMENT).encode(), *path) == (kind, problem)


@pytest.mark.parametrize("content", [CANARY.encode(), b"\xff" + CANARY.encode(), b"", b"[" * 100000, b'{"x": NaN}'])
def test_what_is_no_json_has_no_property(content: bytes) -> None:
    assert refusal(content, "x") == (SealgenError, "db on the shelf is no JSON, so that it has no property 'x'")


def test_what_is_no_base64_is_refused() -> None:
    assert refusal(CANARY.encode(), encoding="base64") == (SealgenError, "db on the shelf is not base64")
    assert refusal({"x": "a"}, "x", encoding="base64") == (SealgenError, "'x' of db on the shelf is not base64")
