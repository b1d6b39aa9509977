"""A made value's version has a counter that goes on, and digits that tell two branches apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.values.fingerprint import FingerprintKey
from sealgen.values.secret import Secret
from sealgen.values.version import counter_of, made_version


@given(st.integers(1, 999_999_999), st.from_regex("[0-9a-f]{8}", fullmatch=True))
def test_a_made_version_tells_its_counter(counter: int, token: str) -> None:
    version = made_version(counter, token)
    assert version == f"{counter}-{token}"
    assert counter_of(version) == counter


def test_two_branches_that_make_the_same_next_version_differ() -> None:
    assert made_version(2, "0123abcd") != made_version(2, "0123abce")


@given(st.binary(min_size=1))
def test_the_version_of_what_is_read_has_no_counter(plaintext: bytes) -> None:
    key = FingerprintKey(Secret(bytes(32)))
    assert counter_of(key.version("staging", "token", {"": Secret(plaintext)})) is None


@pytest.mark.parametrize(
    "version", ["", "-", "-1", "hmac-sha256:" + "1" * 32, "literal:" + "1" * 32, "a-1", "1a-0123abcd", " 1-0123abcd"]
)
def test_what_begins_with_no_number_has_no_counter(version: str) -> None:
    assert counter_of(version) is None
