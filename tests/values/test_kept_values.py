"""The file of kept values: bytes in, bytes out, and nothing of it in a message."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from sealgen.values import kept_values
from sealgen.values.kept_values import KeptValue
from sealgen.values.secret import Secret

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True)
PARTS = st.dictionaries(st.sampled_from(["", "crt", "key", "public"]), st.binary(max_size=300), min_size=1)
VALUES = st.dictionaries(NAMES, st.tuples(st.text("0123456789abcdef", min_size=64, max_size=64), PARTS))


def made(values: dict[str, tuple[str, dict[str, bytes]]]) -> dict[str, KeptValue]:
    return {
        name: KeptValue(specification, {part: Secret(value) for part, value in parts.items()})
        for name, (specification, parts) in values.items()
    }


def revealed(values: dict[str, KeptValue]) -> dict[str, tuple[str, dict[str, bytes]]]:
    return {
        name: (kept.specification, {part: value.reveal() for part, value in kept.parts.items()})
        for name, kept in values.items()
    }


def test_each_environment_has_a_file_of_its_own_in_the_state_folder() -> None:
    assert kept_values.path("development") == PurePosixPath(".sealgen/development.values")


@given(VALUES)
def test_what_is_kept_comes_back_byte_for_byte(values: dict[str, tuple[str, dict[str, bytes]]]) -> None:
    content = kept_values.dump(made(values))
    assert revealed(kept_values.load(content, "file")) == values
    assert kept_values.dump(kept_values.load(content, "file")) == content


def test_the_file_is_json_in_one_order() -> None:
    values = made({"b": ("1" * 64, {"": b"\x00\xff"}), "a": ("2" * 64, {"key": b"", "crt": b"x"})})
    content = kept_values.dump(values)
    assert content == kept_values.dump(dict(reversed(values.items())))
    assert json.loads(content) == {
        "a": {"specification": "2" * 64, "parts": {"key": "", "crt": "eA=="}},
        "b": {"specification": "1" * 64, "parts": {"": "AP8="}},
    }
    assert content.endswith(b"}\n")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hunter2secret",
        b"\xff\xfe",
        b'"hunter2secret"',
        b"[]",
        b'{"a": "hunter2secret"}',
        b'{"a": {}}',
        b'{"a": {"specification": "x"}}',
        b'{"a": {"specification": "x", "parts": ["hunter2secret"]}}',
        b'{"a": {"specification": "x", "parts": {"": 1}}}',
        b'{"a": {"specification": "x", "parts": {"": "hunter2secret"}}}',
        b'{"a": {"specification": "x", "parts": {"": "hunt*er2=="}}}',
        b'{"a": {"specification": "x", "parts": {"": "h\xc3\xbcnter2s"}}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_refused_without_any_of_it(content: bytes) -> None:
    with pytest.raises(ConfigurationError) as raised:
        kept_values.load(content, ".sealgen/development.values")
    assert str(raised.value) == (".sealgen/development.values is damaged\nRemove it: its values are made anew.")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_kept_value_shows_nothing() -> None:
    kept = KeptValue("x", {"": Secret(b"hunter2secret")})
    assert "hunter2" not in f"{kept!r} {kept}"
