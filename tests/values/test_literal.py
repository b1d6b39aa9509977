"""A literal is the bytes as written, masked like every secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from tests.values.reading import CANARY, only, read, refusal


@pytest.mark.parametrize(
    ("yaml", "content"),
    [
        ("aura", b"aura"),
        ("012345", b"012345"),
        ("yes", b"yes"),
        ("1e3", b"1e3"),
        ("2026-01-01", b"2026-01-01"),
        ("''", b""),
        ('" a\\n"', b" a\n"),
        ("'null'", b"null"),
    ],
)
def test_text_stays_as_written(yaml: str, content: bytes) -> None:
    assert only(f"literal: {yaml}") == content


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_arrives_byte_for_byte(text: str) -> None:
    quoted = "".join(f"\\U{ord(character):08x}" for character in text)
    assert only(f'literal: "{quoted}"') == text.encode()


def test_nothing_is_refused_with_advice() -> None:
    assert refusal("literal:", ConfigurationError) == (
        "base.yaml:1:9: values.password.literal is empty; it must be text; write '' for an empty value"
    )


def test_a_list_is_refused() -> None:
    assert refusal("literal: [a]", ConfigurationError) == (
        "base.yaml:1:10: values.password.literal must be text; write '' for an empty value, not a list"
    )


def test_it_can_be_read_again_and_is_masked() -> None:
    value = read(f"literal: {CANARY}")
    assert not value.source.made
    assert CANARY not in repr(value)
    assert value.source != read(f"literal: {CANARY}").source
    assert value.source.specification() == {"literal": CANARY}
