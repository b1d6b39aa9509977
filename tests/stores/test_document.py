"""The part of an entry that a value is: its bytes, or why it is none."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import CannotTell, SealgenError
from sealgen.stores.document import from_json, is_free, to_json, value_of, with_values
from sealgen.stores.refusal import Refused
from sealgen.values.secret import Secret
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(data=JSON)
def test_json_is_written_as_it_was_read(data: Any) -> None:
    assert json.loads(to_json(from_json(json.dumps(data).encode()))) == data


@pytest.mark.parametrize("number", ["5432", "1e3", "0.10", "-0", "123456789012345678901234567890"])
def test_a_number_is_written_with_its_characters(number: str) -> None:
    document = f'{{"n":{number},"deep":[{number},"{number}"]}}'.encode()
    assert to_json(from_json(document)) == document
    assert with_values(document, [(("x",), None, Secret(b"1"))], "x", keyed=False) == document[:-1] + b',"x":"1"}'


@given(document=st.dictionaries(TEXT, JSON | TEXT), path=st.lists(TEXT, min_size=1, max_size=3), content=TEXT)
def test_what_is_put_is_read_and_all_else_stays(document: dict[str, Any], path: list[str], content: str) -> None:
    for keyed in (True, False):
        before = document if keyed else json.dumps(document).encode()
        try:
            after = with_values(before, [(path, None, Secret(content.encode()))], "x", keyed=keyed)
        except Refused:
            assert not is_free(before, path)
            continue
        assert value_of(after, path, None, "x").reveal() == content.encode()
        assert not is_free(after, path)
        rest = dict(after) if keyed else json.loads(after)  # type: ignore[arg-type]
        assert {name: held for name, held in rest.items() if name != path[0]} == {
            name: held for name, held in document.items() if name != path[0]
        }


@given(content=st.binary())
def test_any_bytes_are_put_as_a_whole_or_in_base64(content: bytes) -> None:
    assert with_values(None, [((), None, Secret(content))], "x", keyed=False) == content
    whole = with_values(b"old", [((), "base64", Secret(content))], "x", keyed=False)
    assert value_of(whole, (), "base64", "x").reveal() == content
    part = with_values(None, [(("a", "b"), "base64", Secret(content))], "x", keyed=True)
    assert value_of(part, ("a", "b"), "base64", "x").reveal() == content


@pytest.mark.parametrize(
    ("document", "path", "content", "keyed", "problem"),
    [
        (None, ("a",), b"\xff", False, "'a' of db can only be text; say encoding: base64"),
        (CANARY.encode(), ("a",), b"x", False, "db holds no JSON, so that no property can be put there"),
        (b"[1]", ("a",), b"x", False, "db holds a list, so that the property 'a' can't be put there"),
        (b"12", ("a",), b"x", False, "db holds a number, so that the property 'a' can't be put there"),
        (
            {"a": CANARY},
            ("a", "b"),
            b"x",
            True,
            "'a' of db holds text, so that the property 'b' can't be put there",
        ),
        ({}, (), b"x", True, "db is keys and what they hold; say which, as in property: password"),
    ],
)
def test_what_can_not_be_put_is_refused(
    document: Any, path: tuple[str, ...], content: bytes, keyed: bool, problem: str
) -> None:
    with pytest.raises(Refused) as caught:
        with_values(document, [(path, None, Secret(content))], "db", keyed=keyed)
    assert (caught.value.problem, caught.value.kind) == (problem, SealgenError)


@pytest.mark.parametrize(
    ("document", "path", "free"),
    [
        (None, (), True),
        (None, ("a", "b"), True),
        (b"", (), False),
        (b"{}", ("a",), True),
        (b'{"a":{}}', ("a", "b"), True),
        (b'{"a":{}}', ("a",), False),
        (b'{"a":null}', ("a",), False),
        (b'{"a":"x"}', ("a", "b"), False),
        (b"no JSON", ("a",), False),
        ({"a": "x"}, ("b",), True),
        ({"a": "x"}, ("a",), False),
    ],
)
def test_a_place_is_free_where_nothing_stands_and_nothing_is_in_the_way(
    document: Any, path: tuple[str, ...], free: bool
) -> None:
    assert is_free(document, path) is free
