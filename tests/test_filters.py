"""Each filter that a secret may pass through is undone by an independent reader, and refuses without showing it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
import string
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import bcrypt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealgen.filters import FILTERS, FilterError

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "canary7x9q"
NOT_TEXT = "takes UTF-8 text, and this is not"
NOT_BASE64 = "takes standard base64 with padding, and this is not"
NO_USER = "the user of an htpasswd line must not be empty or hold ':', a line break or NUL"

# What is hard to quote, more often than chance would give it.
texts = st.text(st.characters(codec="utf-8") | st.sampled_from("'\"\\ \n\t\0%$`é€😀"), max_size=40)
texts_without_nul = texts.filter(lambda value: "\0" not in value)


def run(name: str, plaintext: str | bytes, *arguments: str | bytes) -> bytes:
    operands = [operand.encode() if isinstance(operand, str) else operand for operand in (plaintext, *arguments)]
    return FILTERS[name].apply(*operands)


def refusal(name: str, plaintext: str | bytes, *arguments: str | bytes) -> str:
    with pytest.raises(FilterError) as caught:
        run(name, plaintext, *arguments)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_the_list_is_closed() -> None:
    assert {name: (filter_.parameters, filter_.salted) for name, filter_ in FILTERS.items()} == {
        "urlquote": ((), False),
        "b64encode": ((), False),
        "b64decode": ((), False),
        "tojson": ((), False),
        "sqlquote": ((), False),
        "shellquote": ((), False),
        "redisquote": ((), False),
        "htpasswd": (("user",), True),
        "replace": (("old", "new"), False),
        "trim": ((), False),
        "upper": ((), False),
        "lower": ((), False),
        "sha256": ((), False),
    }


@given(st.binary(max_size=60))
@example(bytes(range(256)))
def test_urlquote_leaves_only_unreserved_characters_and_any_decoder_gives_the_bytes_back(plaintext: bytes) -> None:
    quoted = run("urlquote", plaintext).decode()
    assert re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*", quoted)
    assert unquote_to_bytes(quoted) == plaintext


def test_urlquote_keeps_the_unreserved_characters_as_they_are() -> None:
    unreserved = string.ascii_letters + string.digits + "-._~"
    assert run("urlquote", unreserved) == unreserved.encode()
    assert run("urlquote", "a b/c+d=@:?#[]%é") == b"a%20b%2Fc%2Bd%3D%40%3A%3F%23%5B%5D%25%C3%A9"


@given(st.binary(max_size=60))
def test_b64encode_is_standard_base64_in_one_line(plaintext: bytes) -> None:
    encoded = run("b64encode", plaintext)
    assert re.fullmatch(rb"[A-Za-z0-9+/]*={0,2}", encoded)
    assert len(encoded) % 4 == 0
    assert base64.decodebytes(encoded) == plaintext


@given(st.binary(max_size=200))
def test_b64decode_undoes_base64_also_where_it_is_broken_into_lines(plaintext: bytes) -> None:
    assert run("b64decode", base64.b64encode(plaintext)) == plaintext
    assert run("b64decode", base64.encodebytes(plaintext)) == plaintext
    assert run("b64decode", base64.encodebytes(plaintext).replace(b"\n", b"\r\n")) == plaintext


@pytest.mark.parametrize(
    "text",
    [
        "aGk",  # no padding
        "aG k=",  # white space that is no line break
        "a-_b",  # the alphabet for URLs
        "aGk=aGk=",  # two of them
        "aGk==",
        "=aGk",
        "aG=k",
        "aGké",
        CANARY + "!",
        b"\xff\xfe",
    ],
)
def test_b64decode_refuses_what_kubernetes_would_refuse(text: str | bytes) -> None:
    assert refusal("b64decode", text) == NOT_BASE64


@given(texts)
@example('"\\/\b\f\n\r\t\u2028<>&\x7f')
def test_tojson_is_a_json_string_that_parses_to_the_text(text: str) -> None:
    encoded = run("tojson", text)
    assert json.loads(encoded) == text
    assert encoded.startswith(b'"')
    assert encoded.endswith(b'"')
    assert not re.search(rb"[\x00-\x1f]", encoded)


def test_tojson_escapes_the_separators_of_lines_as_go_does() -> None:
    assert run("tojson", "\u2028\\u2028\u2029") == rb'"\u2028\\u2028\u2029"'


def test_tojson_escapes_only_what_must_be_escaped() -> None:
    assert run("tojson", 'é😀<a href="x">\\\n') == '"é😀<a href=\\"x\\">\\\\\\n"'.encode()


def read_sql_string(literal: str) -> str:
    """Read one PostgreSQL string constant, and nothing after it (manual, 4.1.2.1 and 4.1.2.2)."""
    escapes = literal.startswith("E'")
    assert literal.startswith("E'" if escapes else "'")

    def characters() -> Iterator[str]:
        place = 2 if escapes else 1
        while True:
            character, following = literal[place], literal[place + 1 : place + 2]
            if character == "'" and following != "'":
                assert place == len(literal) - 1, "the constant ends before the text does"
                return
            if character == "'":
                place += 1
            elif character == "\\" and escapes:
                assert following == "\\", "an escape with another meaning"
                place += 1
            yield character
            place += 1

    return "".join(characters())


@given(texts_without_nul)
@example("'; DROP TABLE users; --")
@example("\\'; DROP TABLE users; --")
@example("\\")
def test_sqlquote_is_one_sql_string_that_reads_as_the_text(text: str) -> None:
    assert read_sql_string(run("sqlquote", text).decode()) == text


def test_sqlquote_needs_no_escapes_without_a_backslash() -> None:
    assert run("sqlquote", "it's") == b"'it''s'"
    assert run("sqlquote", "it's \\ here") == b"E'it''s \\\\ here'"


def test_sqlquote_refuses_nul() -> None:
    assert refusal("sqlquote", f"{CANARY}\0") == "an SQL string can't hold a NUL character"


@given(texts_without_nul)
@example("")
@example("$(reboot) `reboot` ; & | ' \" \\ \n *")
def test_shellquote_is_one_word_of_a_shell(text: str) -> None:
    assert shlex.split(run("shellquote", text).decode()) == [text]


def test_shellquote_refuses_nul() -> None:
    assert refusal("shellquote", f"{CANARY}\0") == "a shell word can't hold a NUL character"


def splitargs(line: bytes) -> list[bytes]:
    """Split a line into words as Redis does (``sdssplitargs``), as far as double quotes go."""
    words = re.findall(rb'"((?:[^"\\]|\\x[0-9a-f]{2})*)"|(\S+)', line)
    unescaped = (re.sub(rb"\\x(..)", lambda match: bytes.fromhex(match[1].decode()), quoted) for quoted, _ in words)
    return [text or plain for text, (_, plain) in zip(unescaped, words, strict=True)]


@given(st.binary(max_size=60))
@example(bytes(range(256)))
@example(b"a\r\nFLUSHALL")
def test_redisquote_is_one_word_of_one_line_whatever_the_bytes(plaintext: bytes) -> None:
    quoted = run("redisquote", plaintext)
    assert re.fullmatch(rb'"[ -~]*"', quoted)
    assert splitargs(b"AUTH " + quoted) == [b"AUTH", plaintext]


@pytest.mark.parametrize("password", ["x" * 72, "pä\n'ss"])
def test_htpasswd_is_a_line_whose_hash_the_password_fits(password: str) -> None:
    line = run("htpasswd", password, "aura").decode()
    assert re.fullmatch(r"aura:\$2y\$12\$[./A-Za-z0-9]{53}", line)
    hashed = line.partition(":")[2].replace("$2y$", "$2b$", 1)
    assert bcrypt.checkpw(password.encode(), hashed.encode())
    assert not bcrypt.checkpw(password.encode()[:-1], hashed.encode())


def test_htpasswd_refuses_what_bcrypt_would_cut() -> None:
    assert refusal("htpasswd", CANARY * 8, "aura") == "bcrypt takes at most 72 bytes, and this is longer"
    assert refusal("htpasswd", "é" * 37, "aura") == "bcrypt takes at most 72 bytes, and this is longer"
    assert refusal("htpasswd", f"{CANARY}\0x", "aura") == "bcrypt can't take a NUL character"


@pytest.mark.parametrize("user", ["", "a:b", "a\nb", "a\rb", "a\0b"])
def test_htpasswd_refuses_a_user_that_would_break_the_line(user: str) -> None:
    assert refusal("htpasswd", CANARY, user) == NO_USER


@given(texts, texts.filter(bool), texts)
def test_replace_replaces_every_occurrence(text: str, old: str, new: str) -> None:
    assert run("replace", text, old, new).decode() == new.join(text.split(old))


def test_replace_refuses_an_empty_text_to_replace() -> None:
    assert refusal("replace", CANARY, "", "x") == "the text to replace is empty"


def test_trim_takes_for_white_space_what_go_does() -> None:
    assert run("trim", "\v\f\x85\u2003\u3000a\x1c\x1d\x1e\x1f") == b"a\x1c\x1d\x1e\x1f"


def test_trim_takes_white_space_off_both_ends_only() -> None:
    assert run("trim", " \t\r\n\u00a0 a \n b \n") == b"a \n b"


def test_upper_and_lower_follow_unicode() -> None:
    assert run("upper", "straße é1").decode() == "STRASSE É1"
    assert run("lower", "ÀB1").decode() == "àb1"


@given(st.binary(max_size=60))
def test_sha256_is_the_digest_of_the_bytes_in_hex(plaintext: bytes) -> None:
    assert run("sha256", plaintext) == hashlib.new("sha256", plaintext).hexdigest().encode()


def test_sha256_gives_the_published_digest_of_abc() -> None:
    assert run("sha256", "abc") == b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *((name, ()) for name in ("tojson", "sqlquote", "shellquote", "trim", "upper", "lower")),
        ("replace", ("a", "b")),
        ("replace", (b"\xff", "b")),
        ("replace", ("a", b"\xff")),
    ],
)
def test_what_works_on_text_refuses_other_bytes(name: str, arguments: tuple[str | bytes, ...]) -> None:
    plaintext = CANARY if b"\xff" in arguments else CANARY.encode() + b"\xff"
    assert refusal(name, plaintext, *arguments) == NOT_TEXT
