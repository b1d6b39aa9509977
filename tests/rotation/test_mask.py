"""No line that is passed on has a value, however it comes and wherever it is cut."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.rotation.mask import Mask
from tests.support.leaks import leaked

VALUE = b"p4ss'w\\rd/+=\"and more of it"
KEY = b"-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIEIO8uHRUhTn\nsecond line of it\n-----END KEY-----\n"


def passed(plaintexts: list[bytes], *chunks: bytes) -> list[str]:
    lines: list[str] = []
    mask = Mask(plaintexts, lines.append)
    for chunk in chunks:
        mask.hear(chunk)
    mask.end()
    return lines


FORMS = [
    VALUE,
    base64.b64encode(VALUE),
    quote(VALUE, safe="").encode(),
    VALUE.replace(b"'", b"''"),
    VALUE.replace(b"'", b"''").replace(b"\\", b"\\\\"),
    json.dumps(VALUE.decode())[1:-1].encode(),
]


@pytest.mark.parametrize("form", FORMS)
def test_a_value_is_masked_in_each_of_its_forms(form: bytes) -> None:
    assert passed([VALUE], b"ERROR: at '" + form + b"' near\n") == ["ERROR: at '***' near"]


@given(st.integers(0, 200), st.integers(0, 200))
def test_it_does_not_matter_where_the_output_is_cut(one: int, two: int) -> None:
    output = b"one\r\n" + VALUE + b" and " + VALUE + b"\rthree" + VALUE + b"\n\nthe end"
    first, second = sorted((one, two))
    lines = passed([VALUE], output[:first], output[first:second], output[second:])
    assert lines == ["one", "*** and ***", "three***", "", "the end"]


def test_lines_of_a_longer_value_are_masked_one_by_one() -> None:
    assert passed([KEY], KEY, b"a\n") == ["***", "***", "***", "***", "a"]
    assert leaked("\n".join(passed([KEY], b"  second line of it\n")).encode(), {"key": b"second line of it"}) == []


def test_of_two_values_the_longer_is_masked_where_one_is_in_the_other() -> None:
    assert passed([b"secret", b"secret-and-more"], b"secret-and-more secret\n") == ["*** ***"]


def test_nothing_known_masks_nothing() -> None:
    assert passed([], b"all of it\n") == passed([b""], b"all of it\n") == ["all of it"]


def test_a_line_without_end_is_not_kept() -> None:
    assert passed([VALUE], *[b"x" * 65537], b"rest\n") == ["(a line that is too long)", "rest"]


def test_bytes_that_are_no_text_are_passed_on_as_what_they_are_not() -> None:
    assert passed([VALUE], b"\xff\n") == ["�"]
