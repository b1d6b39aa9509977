"""Values are found as they are and in every encoding, wherever a stream is cut; and nothing else is."""

from __future__ import annotations

import base64
import json
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.review.leaks import SHORTEST, Leak, Needles
from sealgen.values.secret import Secret

VALUE = 'cörrect "horse"/+ battery'
VALUES = st.binary(min_size=SHORTEST, max_size=60)


def found(value: bytes, text: bytes, size: int = 1024) -> list[Leak]:
    chunks = [text[start : start + size] for start in range(0, len(text), size)]
    return list(Needles({"it": Secret(value)}).leaks(chunks))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (VALUE.encode(), "as it is"),
        (base64.b64encode(VALUE.encode()), "base64"),
        (base64.b64encode(b"user:" + VALUE.encode()), "base64"),
        (base64.b64encode(b"x" + VALUE.encode() + b"@host"), "base64"),
        (base64.urlsafe_b64encode(b"\xff\xff\xff?" + VALUE.encode()), "base64"),
        (VALUE.encode().hex().encode(), "hex"),
        (VALUE.encode().hex().upper().encode(), "hex"),
        (urllib.parse.quote(VALUE, safe="").encode(), "URL-encoded"),
        (urllib.parse.quote_plus(VALUE).encode(), "URL-encoded"),
        (json.dumps(VALUE).encode(), "JSON"),
        (json.dumps(VALUE, ensure_ascii=False).encode(), "JSON"),
    ],
)
def test_a_value_is_found_in_every_encoding_and_told_by_its_name(text: bytes, encoding: str) -> None:
    assert found(VALUE.encode(), b"first\nsecond " + text + b" more\nthird") == [Leak(2, "it", encoding)]


@given(VALUES, st.binary(max_size=8), st.binary(max_size=8), st.integers(0, 20), st.integers(1, 40))
def test_a_value_is_found_wherever_it_stands_and_however_the_stream_is_cut(
    value: bytes, before: bytes, after: bytes, lines: int, size: int
) -> None:
    for text in (value, base64.b64encode(before + value + after), value.hex().encode()):
        leaks = found(value, b"\n" * lines + text, size)
        assert leaks
        assert leaks[0].line > lines
        assert leaks == found(value, b"\n" * lines + text, 10_000)


@given(VALUES, st.binary(max_size=200))
def test_nothing_is_found_where_nothing_is(value: bytes, text: bytes) -> None:
    needles = Needles({"it": Secret(value)})
    if not any(encoded in text for encoded in needles._told):
        assert list(needles.leaks([text])) == []


def test_what_is_short_is_not_looked_for() -> None:
    needles = Needles({"it": Secret(b"1234567")})
    assert not needles
    assert list(needles.leaks([b"1234567"])) == []


def test_nothing_of_a_value_is_in_what_is_told() -> None:
    (leak,) = found(b"s3cr3t-value", b"s3cr3t-value")
    assert "s3cr3t" not in repr(leak)
