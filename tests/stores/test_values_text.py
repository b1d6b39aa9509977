"""Values as YAML text: any bytes come back, what else is there stays, and no message repeats anything of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError
from sealgen.stores import values_text
from sealgen.values.age import NAME, NAME_WORDS
from sealgen.values.secret import Secret
from tests.values.reading import CANARY

FILE = "a.age"
NAMES = st.from_regex(re.compile(NAME, re.ASCII), fullmatch=True)
VALUES = st.binary() | st.text(st.characters(exclude_categories=["Cs"])).map(str.encode)


def read(text: bytes | str) -> dict[str, bytes]:
    values = values_text.read(text.encode() if isinstance(text, str) else text, FILE)
    return {name: value.reveal() for name, value in values.items()}


def put(text: bytes, name: str, value: bytes) -> bytes:
    return values_text.with_value(text, FILE, name, Secret(value))


@settings(deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=8), st.data())
def test_any_bytes_come_back_put_in_and_taken_out_in_any_order(values: dict[str, bytes], data: st.DataObject) -> None:
    text = b""
    for name in data.draw(st.permutations(list(values))):
        text = put(text, name, b"before")
        text = put(text, name, values[name])
    assert read(text) == values
    left = dict(values)
    for name in data.draw(st.permutations(list(values))):
        text = values_text.without_value(text, FILE, name)
        del left[name]
        assert read(text) == left


@pytest.mark.parametrize("text", ["yes", "012345", "1e3", "0x10", "2026-01-01", "1_000", "12:30", "a#b", "'", '"x"'])
def test_a_text_is_as_it_stands_whatever_yaml_thinks_of_it(text: str) -> None:
    quoted = {"'": '"\'"', '"x"': "'\"x\"'"}.get(text, text)
    assert read(f"a: {quoted}\n") == {"a": text.encode()}


def test_all_else_stays_as_it_is_written() -> None:
    text = b"# ours\nsmtp: 'x'   # why\n\nb: |\n  two\n  lines\n# end\n"
    assert put(text, "smtp", b"new").decode() == "# ours\nsmtp: new   # why\n\nb: |\n  two\n  lines\n# end\n"
    assert put(text, "c", b"3").decode() == "# ours\nsmtp: 'x'   # why\n\nb: |\n  two\n  lines\nc: \"3\"\n# end\n"
    assert values_text.without_value(text, FILE, "b").decode() == "# ours\nsmtp: 'x'   # why\n\n# end\n"
    assert values_text.without_value(b"a: 1\nb: 2", FILE, "b") == b"a: 1\n"


@pytest.mark.parametrize("text", ["", "# only this\n", "---\n", "{}\n", "~\n", "\n\n", "# no end"])
def test_no_values_are_values_too(text: str) -> None:
    assert read(text) == {}
    assert read(put(text.encode(), "a", b"x")) == {"a": b"x"}
    assert ("# " in text) == (b"# " in put(text.encode(), "a", b"x"))


def test_bytes_that_are_no_text_are_in_base64() -> None:
    text = put(b"", "keystore", b"\xfe\xed")
    assert text == b"keystore:\n  base64: /u0=\n"
    assert read("a: {base64: /u0=}\nb:\n  base64: |\n    /u\n    0=\n") == {"a": b"\xfe\xed", "b": b"\xfe\xed"}


ADVICE = "A text that begins with a mark such as * & ! { [ # % @, or that holds ': ' or ' #', needs quotes."
NOT_TEXT = f"1:4: a must be a text, or {{base64: …}} for bytes that are none\n{ADVICE}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a: *{CANARY}\n", f"1:4: an alias (…); write the value out\n{ADVICE}"),
        (f"a: &{CANARY} x\n", f"1:4: an anchor (…); write the value out where it is used\n{ADVICE}"),
        (f"a: !{CANARY} x\n", f"1:4: a YAML tag (…); write plain text\n{ADVICE}"),
        (f"a: x\n? {CANARY}\n: 1\n? {CANARY}\n: 2\n", f"4:3: (…) occurs twice; the first is in line 2\n{ADVICE}"),
        (f"a: {{{CANARY}}}\n", NOT_TEXT),
        (f"a: [{CANARY}]\n", NOT_TEXT),
        (f"a: {{base64: {CANARY}, b: x}}\n", NOT_TEXT),
        (f"a: {{base64: {CANARY}}}\n", "1:13: a.base64 is not base64"),
        ("a:\n", "1:3: a is empty; write '' for an empty text"),
        ("a: null\n", "1:4: a is empty; write '' for an empty text"),
        (f"x: y\na:{CANARY}: 1\n", "2:1: a ':' that ends a name needs a space after it"),
        (f"x: y\n{CANARY} b: 1\n", f"2:1: this can't be a name; a name has {NAME_WORDS}"),
        (f"a:{CANARY}\n", "1:1: this must be values by name, as in smtp_password: correct horse"),
        (f"- {CANARY}\n", "1:1: this must be values by name, as in smtp_password: correct horse"),
        (f"a: x\n---\nb: {CANARY}\n", f"2:1: a second document; a file holds one\n{ADVICE}"),
        (f"a: '{CANARY}\n", f"2:1: not YAML: found unexpected end of stream\n{ADVICE}"),
    ],
)  # fmt: skip
def test_what_can_not_be_is_refused_and_nothing_of_it_repeated(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    assert str(caught.value) == f"{FILE}:{message}"
    assert CANARY not in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        put(text.encode(), "z", b"x")
    assert str(caught.value) == f"{FILE}:{message}"


def test_values_in_braces_are_read_and_left_to_their_author() -> None:
    assert read("{a: x, b: y}\n") == {"a": b"x", "b": b"y"}
    told = "the values of a.age are laid out as only you can change them: sealgen values edit"
    with pytest.raises(ConfigurationError) as caught:
        put(b"{a: x}\n", "b", b"y")
    assert str(caught.value) == told
    with pytest.raises(ConfigurationError) as caught:
        values_text.without_value(b"{a: x}\n", FILE, "a")
    assert str(caught.value) == told


@settings(deadline=None)
@given(st.text(st.sampled_from("ab:*&!{}[]'\"|>%@# \n-?,~<"), min_size=1, max_size=40))
def test_no_refusal_holds_a_part_of_the_text(text: str) -> None:
    assert CANARY not in refusal(f"x: y\nkey: {CANARY}{text}\n{text}{CANARY}\n")


def refusal(text: str) -> str:
    try:
        read(text)
    except ConfigurationError as error:
        return str(error)
    return ""
