"""Rules are checked for every source, and where they can't be kept, before anything is made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.errors import ConfigurationError, SealgenError
from sealgen.values.rules import Rules, check
from sealgen.values.secret import Secret
from tests.values.reading import CANARY, read, refusal

FREE = Rules(None, None, None, None, None)


def broken(rules: Rules, *contents: bytes) -> str | None:
    """Return the message of ``check``, or None."""
    caught: SealgenError | None = None
    try:
        check("password", rules, {str(number): Secret(content) for number, content in enumerate(contents)})
    except SealgenError as error:
        caught = error
    if caught is None:
        return None
    assert type(caught) is SealgenError
    assert CANARY not in str(caught)
    return str(caught)


@given(st.binary(max_size=8), st.integers(1, 8), st.integers(1, 8))
def test_lengths_are_in_bytes_and_inclusive(content: bytes, least: int, most: int) -> None:
    message = broken(Rules(least, None, None, None, None), content)
    assert message == (
        f"values.password is shorter than its min_length, {least} bytes" if len(content) < least else None
    )
    message = broken(Rules(None, most, None, None, None), content)
    assert message == (f"values.password is longer than its max_length, {most} bytes" if len(content) > most else None)


def test_a_character_outside_ascii_is_several_bytes() -> None:
    assert broken(Rules(3, 3, None, None, None), "€".encode()) is None


@pytest.mark.parametrize("content", [b"aura", b"a"])
def test_a_pattern_that_matches(content: bytes) -> None:
    assert broken(Rules(None, None, "[a-z]+", None, None), content) is None


@pytest.mark.parametrize("content", [b"", b"aura\n", b"aura1", b" aura", CANARY.encode()])
def test_a_pattern_must_match_the_whole_value(content: bytes) -> None:
    assert broken(Rules(None, None, "[a-z]+", None, None), content) == (
        "values.password does not match its pattern, [a-z]+"
    )


SLOW = "{} takes longer than 0.05 s to match\nWrite it without a repetition in a repetition: a+, not (a+)+."


def test_a_pattern_that_takes_too_long_is_refused_and_shows_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealgen.values.time_limit.SECONDS", 0.05)
    text = "a" * 64
    with pytest.raises(ConfigurationError) as caught:
        check("password", Rules(None, None, "(a+)+b", None, None), {"": Secret(text.encode())})
    assert str(caught.value) == SLOW.format("values.password.pattern, '(a+)+b',")
    with pytest.raises(ConfigurationError) as caught:
        read(f"{{literal: {text}, pattern: (a+)+b}}")
    assert str(caught.value) == SLOW.format("base.yaml:1:86: values.password.pattern, '(a+)+b',")


def test_what_is_no_text_matches_no_pattern() -> None:
    assert broken(Rules(None, None, "(?s).*", None, None), b"\xff" + CANARY.encode()) == (
        "values.password is not UTF-8 text, so that it can't match its pattern"
    )


def test_a_value_without_rules_may_be_anything() -> None:
    assert broken(FREE, b"", b"\xff") is None


@given(st.binary(max_size=8) | st.text(max_size=8).map(str.encode), st.text(min_size=1, max_size=4))
def test_a_character_that_is_forbidden_is_told_of_and_not_which(content: bytes, forbidden: str) -> None:
    text = content.decode("utf-8", "surrogateescape")
    expected = "values.password has a character that its forbid names" if set(text) & set(forbidden) else None
    assert broken(Rules(None, None, None, None, None, forbidden), content) == expected


def test_every_part_is_checked() -> None:
    assert broken(Rules(2, None, None, None, None), b"aa", b"b") == (
        "values.password is shorter than its min_length, 2 bytes"
    )


@pytest.mark.parametrize(
    ("yaml", "rules"),
    [
        ("env: A", FREE),
        (
            "{env: A, min_length: 1, max_length: 1, pattern: '[0-9]', rotate_every: 2w, lint: error}",
            Rules(1, 1, "[0-9]", 14, "error"),
        ),
        ("{env: A, rotate_every: 1y}", Rules(None, None, None, 365, None)),
        ("{generate: tls, names: [a], rotate_every: 90d}", Rules(None, None, None, 90, None)),
        ("{generate: hex, min_length: 64, max_length: 64}", Rules(64, 64, None, None, None)),
        ("{literal: aura, min_length: 4, max_length: 4, pattern: a.*}", Rules(4, 4, "a.*", None, None)),
        ("{env: A, forbid: '@ :'}", Rules(None, None, None, None, None, "@ :")),
        ("{generate: hex, forbid: xyz+/=ABC-}", Rules(None, None, None, None, None, "xyz+/=ABC-")),
        ("{generate: base64, bytes: 24, forbid: =@-_}", Rules(None, None, None, None, None, "=@-_")),
        ("{generate: password, charset: a-z, forbid: '0'}", Rules(None, None, None, None, None, "0")),
    ],
)
def test_rules_are_read(yaml: str, rules: Rules) -> None:
    assert read(yaml).rules == rules


MAKES = (
    "'generate: {}' makes {} here\n"
    "Leave them out of the charset of 'generate: password', or generate what has none of them: hex."
)


def test_lint_is_left_to_the_environment_unless_the_value_says_it() -> None:
    assert read("env: A").rules.lint is None
    assert read("{env: A, lint: warn}").rules.lint == "warn"


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "{env: A, min_length: 9, max_length: 8}",
            "1:37: values.password: min_length is 9, and max_length 8",
        ),
        (
            "{env: A, min_length: 0}",
            "1:22: values.password.min_length must be a whole number from 1 to 1048576, not 0",
        ),
        (
            "{env: A, rotate_every: 90}",
            "1:24: values.password.rotate_every must be a duration such as 30d, 12w, 2y, not '90'",
        ),
        ("{env: A, lint: off}", "1:16: values.password.lint can't be 'off'; known are error, warn"),
        (
            "{env: A, pattern: '('}",
            "1:19: values.password.pattern: not a regular expression: missing ), unterminated subpattern at position 0",
        ),
        (
            "{env: A, pattern: '[[a]'}",
            "1:19: values.password.pattern: not a regular expression: Possible nested set at position 1",
        ),
        (
            "{env: A, pattern: 'a{99999999999}'}",
            "1:19: values.password.pattern: not a regular expression: the repetition number is too large",
        ),
        (
            "{generate: tls, names: [a], min_length: 1}",
            "1:41: values.password.min_length can't be: the value has several parts (crt, key)",
        ),
        (
            "{generate: rsa, max_length: 1}",
            "1:29: values.password.max_length can't be: the value has several parts (private, public)",
        ),
        (
            "{generate: ssh, pattern: a}",
            "1:26: values.password.pattern can't be: the value has several parts (private, public)",
        ),
        (
            "{generate: hex, bytes: 16, min_length: 33}",
            "1:40: values.password.min_length: 'generate: hex' makes 32 bytes here",
        ),
        (
            "{generate: password, max_length: 31}",
            "1:34: values.password.max_length: 'generate: password' makes 32 bytes here",
        ),
        (
            f"{{literal: {CANARY}, min_length: 32}}",
            "1:11: values.password is shorter than its min_length, 32 bytes",
        ),
        (f"{{max_length: 3, literal: {CANARY}}}", "1:26: values.password is longer than its max_length, 3 bytes"),
        ("{env: A, forbid: ''}", "1:18: values.password.forbid: no character is named"),
        (f"{{literal: {CANARY}, forbid: '@-'}}", "1:11: values.password has a character that its forbid names"),
        (
            "{generate: rsa, forbid: '-'}",
            "1:25: values.password.forbid can't be: the value has several parts (private, public)",
        ),
        (
            "{generate: base64, forbid: '/@+='}",
            "1:28: values.password.forbid: " + MAKES.format("base64", "'/', '+', '='"),
        ),
        ("{generate: hex, forbid: gfa}", "1:25: values.password.forbid: " + MAKES.format("hex", "'f', 'a'")),
        ("{generate: uuid, forbid: '-'}", "1:26: values.password.forbid: " + MAKES.format("uuid", "'-'")),
        ("{generate: urlsafe, forbid: '_'}", "1:29: values.password.forbid: " + MAKES.format("urlsafe", "'_'")),
        (
            "{generate: alphanumeric, forbid: O0}",
            "1:34: values.password.forbid: " + MAKES.format("alphanumeric", "'O', '0'"),
        ),
        ("{generate: password, forbid: '@@'}", "1:30: values.password.forbid: " + MAKES.format("password", "'@'")),
        (f"{{literal: {CANARY}, pattern: x+}}", "1:11: values.password does not match its pattern, x+"),
    ],
)
def test_rules_that_no_value_can_keep_are_refused_in_the_file(yaml: str, message: str) -> None:
    assert refusal(yaml, ConfigurationError) == f"base.yaml:{message}"


def test_a_deep_pattern_is_refused_without_a_traceback() -> None:
    message = refusal(f"{{env: A, pattern: '{'(' * 5000}{')' * 5000}'}}", ConfigurationError)
    assert message.startswith("base.yaml:1:19: values.password.pattern: not a regular expression: ")
