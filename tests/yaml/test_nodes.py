"""YAML is read as the text it is: no opinions on types, one way to understand it, a place for everything."""

from __future__ import annotations

import json
import string
import time
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml.resolver import implicit_resolvers

from sealgen.errors import ConfigurationError, Mark
from sealgen.yaml import nodes
from sealgen.yaml.nodes import MAX_BYTES, MAX_DEPTH, Mapping, Node, Scalar, Sequence, is_null, is_text, parse

AT = Mark("a.yaml", 1, 1)
PARSERS = [yaml.CSafeLoader, yaml.SafeLoader]

both_parsers = pytest.mark.parametrize("loader", PARSERS, ids=["libyaml", "pure Python"])


def refusal(text: bytes | str) -> str:
    """Return the whole message with which reading fails."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "a.yaml")
    assert caught.value.__cause__ is None
    assert caught.value.hint is None
    return str(caught.value)


def words(text: str) -> list[str]:
    return text.split()


def plain(node: Node) -> Any:
    """Return the node's texts without their places."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return {name: plain(value) for name, (_, value) in node.entries.items()}


@pytest.mark.parametrize(
    "text",
    words("""yes no on off y N true FALSE null ~ 012345 0o17 0x1F 0b11 1e3 1_000 190:20:30 .inf -.NaN 5.0 -0
    2026-01-01 2026-01-01T00:00:00Z = <<"""),
)
def test_a_scalar_is_the_characters_of_the_file(text: str) -> None:
    assert plain(parse(f"{text}: {text}\nlist: [{text}]", "a.yaml")) == {text: text, "list": [text]}


@pytest.mark.parametrize(
    ("written", "text", "is_plain"),
    [
        ("a b", "a b", True),
        ("a\n  b", "a b", True),
        ("a  # comment", "a", True),
        ("a#b", "a#b", True),
        ("https://example.com:443/?a=b", "https://example.com:443/?a=b", True),
        ("''", "", False),
        ("'it''s'", "it's", False),
        (r'"\0\x07\u2028\U0001F511\n"', "\0\a\u2028\U0001f511\n", False),
        ("|\n  a\n   b\n", "a\n b\n", False),
        ("|-\n  a\n\n", "a", False),
        (">\n  a\n  b\n", "a b\n", False),
        ("ключ 鍵 🔑", "ключ 鍵 🔑", True),
    ],
)
def test_text_is_read_in_each_of_yamls_styles(written: str, text: str, is_plain: bool) -> None:
    node = parse(f"a: {written}", "a.yaml")
    assert isinstance(node, Mapping)
    assert node.get("a") == Scalar(text, is_plain, "a.yaml", 1, 4)
    assert node.get("b") is None


def test_everything_knows_its_place() -> None:
    root = parse("# comment\nä: {b: 'c'}\nlist:\n- d\n-  - e\n", "a.yaml")

    def mark(line: int, column: int) -> Mark:
        return Mark("a.yaml", line, column)

    assert root == Mapping(
        {
            "ä": (
                Scalar("ä", True, *mark(2, 1)),
                Mapping({"b": (Scalar("b", True, *mark(2, 5)), Scalar("c", False, *mark(2, 8)))}, mark(2, 4)),
            ),
            "list": (
                Scalar("list", True, *mark(3, 1)),
                Sequence(
                    (Scalar("d", True, *mark(4, 3)), Sequence((Scalar("e", True, *mark(5, 6)),), mark(5, 4))),
                    mark(4, 1),
                ),
            ),
        },
        mark(2, 1),
    )


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbfa: 1\nb: x\n",
        b"a: 1\r\nb: x\r\n",
        b"\xef\xbb\xbfa: 1\r\nb: x",
        b"---\na: 1\nb: x\n...\n",
        b"%YAML 1.2\n---\na: 1\nb: x\n",
        "a: 1\nb: x\n",
    ],
    ids=["byte order mark", "CRLF", "both", "document marks", "directive", "text"],
)
def test_what_editors_add_makes_no_difference(text: bytes | str) -> None:
    assert plain(parse(text, "a.yaml")) == {"a": "1", "b": "x"}


def test_a_value_may_be_missing() -> None:
    assert parse("a:\nb:", "a.yaml") == Mapping(
        {
            "a": (Scalar("a", True, "a.yaml", 1, 1), Scalar("", True, "a.yaml", 1, 3)),
            "b": (Scalar("b", True, "a.yaml", 2, 1), Scalar("", True, "a.yaml", 2, 3)),
        },
        AT,
    )


def test_crlf_is_one_line_end_also_in_the_middle_of_text() -> None:
    assert plain(parse(b"a: |\r\n  one\r\n  two\r\nb: x\r\n", "a.yaml")) == {"a": "one\ntwo\n", "b": "x"}


@both_parsers
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "a.yaml:3:1: 'a' occurs twice; the first is in line 1"),
        ("a: 1\n'a': 3", "a.yaml:2:1: 'a' occurs twice; the first is in line 1"),
        ("x: {b: 1, b: 1}", "a.yaml:1:11: 'b' occurs twice; the first is in line 1"),
        ("[a]: b", "a.yaml:1:1: a key must be text"),
        ("? {a: b}\n: c", "a.yaml:1:3: a key must be text"),
        ("a: &x b", "a.yaml:1:4: an anchor (&x); write the value out where it is used"),
        ("&x a: b", "a.yaml:1:1: an anchor (&x); write the value out where it is used"),
        ("a: &x {b: c}", "a.yaml:1:4: an anchor (&x); write the value out where it is used"),
        ("a: *x", "a.yaml:1:4: an alias (*x); write the value out"),
        ("*x : a", "a.yaml:1:1: an alias (*x); write the value out"),
        ("<<: *base", "a.yaml:1:5: an alias (*base); write the value out"),
        ("a: !!str b", "a.yaml:1:4: a YAML tag (tag:yaml.org,2002:str); write plain text"),
        ("a: !vault |\n  b", "a.yaml:1:4: a YAML tag (!vault); write plain text"),
        ("a: ! b", "a.yaml:1:4: a YAML tag (!); write plain text"),
        ("--- !!map\na: b", "a.yaml:1:5: a YAML tag (tag:yaml.org,2002:map); write plain text"),
        (
            "a: !!python/object:os.system b",
            "a.yaml:1:4: a YAML tag (tag:yaml.org,2002:python/object:os.system); write plain text",
        ),
        ("a: 1\n---\nb: 2", "a.yaml:2:1: a second document; a file holds one"),
        ("--- a\n--- b", "a.yaml:2:1: a second document; a file holds one"),
        ("", "a.yaml:1:1: the file is empty"),
        ("# nothing\n", "a.yaml:1:1: the file is empty"),
        ("\n\n", "a.yaml:1:1: the file is empty"),
        ("a: b: c", None),
        ("a: [1, 2", None),
        ("a: 'b", None),
        ("a: 1\n b: 2", None),
        ("- a\nb: c", None),
        ("a: @x", None),
        ("a: `x`", None),
        ("\ta: b", None),
        ("a: %x", None),
        (r'a: "\q"', None),
        ("%YAML 2.0\n---\na: b", None),
        ("a: b\n...\nc", None),
        ("{a: b}}", None),
        ('"a" b', None),
    ],
)
def test_what_is_outside_the_subset_is_refused(
    text: str, message: str | None, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None stands for a message that is the parser's own."""
    monkeypatch.setattr(nodes, "_Loader", loader)
    told = refusal(text)
    assert told == message if message else told.startswith("a.yaml:")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "a.yaml:1:5: not YAML: mapping values are not allowed in this context"),
        ("a: [1, 2", "a.yaml:2:1: not YAML: did not find expected ',' or ']'"),
        ("a: 'b", "a.yaml:1:6: not YAML: found unexpected end of stream"),
        ("a: 1\nb: @x", "a.yaml:2:4: not YAML: found character that cannot start any token"),
        ("a:\n  x\n b: y", "a.yaml:3:3: not YAML: mapping values are not allowed in this context"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_place(text: str, message: str) -> None:
    assert refusal(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "password: s3cr3t: x",
        "password: 's3cr3t",
        'password: "s3cr3t\\q"',
        "password: [s3cr3t",
        "password: @s3cr3t",
        "password: s3cr3t\n x: y",
        "password: |\n  s3cr3t\n s3cr3t: s3cr3t",
        "password: s3cr3t\n\ts3cr3t: [",
        "password: s3cr3t\x07",
        b"password: s3cr3t\xff",
    ],
)
@both_parsers
def test_a_message_repeats_nothing_of_the_text(text: bytes | str, loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_Loader", loader)
    assert "s3cr3t" not in refusal(text)


@both_parsers
@pytest.mark.parametrize(
    ("text", "place", "code", "escape"),
    [
        ("a: b\0", "1:5", "U+0000", r"\u0000"),
        ("a: 'b\x1b[2J'", "1:6", "U+001B", r"\u001b"),
        ("a: 1\nb: x\x7f", "2:5", "U+007F", r"\u007f"),
        ("# \x80\na: b", "1:3", "U+0080", r"\u0080"),
        ("ä: |\n  ö\x85", "2:4", "U+0085", r"\u0085"),
        ("a: b\u2028c", "1:5", "U+2028", r"\u2028"),
        ("a: b\u2029c", "1:5", "U+2029", r"\u2029"),
        ("a: 1\r\n\ufeffb: 2", "2:1", "U+FEFF", r"\ufeff"),
        ("a: \ufffe", "1:4", "U+FFFE", r"\ufffe"),
        ("a: \uffff", "1:4", "U+FFFF", r"\uffff"),
        ("a: \ud800", "1:4", "U+D800", r"\ud800"),
        ("a: [\n\x0c]", "2:1", "U+000C", r"\u000c"),
    ],
)
def test_a_character_that_readers_disagree_on_is_refused(
    text: str, place: str, code: str, escape: str, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control characters, and what is a line's end in YAML 1.1 alone."""
    monkeypatch.setattr(nodes, "_Loader", loader)
    assert refusal(text) == (
        f"a.yaml:{place}: the character {code} can't stand here as it is; in double quotes, write {escape} for it"
    )


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff"])
@both_parsers
def test_the_escape_that_is_advised_gives_the_character(
    character: str, loader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "_Loader", loader)
    escape = refusal(f"a: {character}").rpartition("write ")[2].removesuffix(" for it")
    assert plain(parse(f'a: "x{escape}y"', "a.yaml")) == {"a": f"x{character}y"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b"\xff", "1:1"),
        (b"a: \xc3", "1:4"),
        ("ä: ö\nü: ".encode() + b"\xe4", "2:4"),
        (b"\xef\xbb\xbfa: \xff", "1:4"),
        (b"a: 1\r\n\xed\xa0\x80", "2:1"),
        ("a: 1".encode("utf-16"), "1:1"),
        ("a: ä".encode("latin-1"), "1:4"),
    ],
)
def test_what_is_not_utf_8_is_refused_at_the_character(text: bytes, place: str) -> None:
    assert refusal(text) == f"a.yaml:{place}: not UTF-8 text"


def test_utf_16_without_a_mark_is_refused_by_its_first_nul() -> None:
    assert refusal("a: 1".encode("utf-16-le")) == (
        "a.yaml:1:2: the character U+0000 can't stand here as it is; in double quotes, write \\u0000 for it"
    )


@both_parsers
def test_nesting_has_a_limit(loader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_Loader", loader)
    parse("[" * MAX_DEPTH + "]" * MAX_DEPTH, "a.yaml")
    message = f"a.yaml:1:{MAX_DEPTH + 1}: nested deeper than 64 levels"
    assert refusal("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) == message
    assert refusal("- " * 10_000) == f"a.yaml:1:{2 * MAX_DEPTH + 1}: nested deeper than 64 levels"
    assert refusal("{a: " * 100) == f"a.yaml:1:{4 * MAX_DEPTH + 1}: nested deeper than 64 levels"


@pytest.mark.parametrize("escape", [r"\ud800", r"\udfff", r"\U0000DC00"])
def test_half_a_character_is_no_character_to_the_parser_in_python_either(
    escape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "_Loader", yaml.SafeLoader)
    assert refusal(f'a: "x{escape}"') == "a.yaml:1:4: not YAML: an escape that is no character"


def test_an_escape_beyond_unicode_is_no_character_to_the_parser_in_python_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nodes, "_Loader", yaml.SafeLoader)
    assert refusal(r'a: "\U00110000"') == "a.yaml:1:1: not YAML: an escape that is no character"


def test_size_has_a_limit() -> None:
    assert refusal(b"#" * MAX_BYTES) == "a.yaml:1:1: the file is empty"
    assert refusal(b"#" * (MAX_BYTES + 1)) == "a.yaml is larger than 6 MiB"
    assert refusal("#" * (MAX_BYTES + 1)) == "a.yaml is larger than 6 MiB"


@pytest.mark.parametrize("text", ["[" * 1_000_000, "a: " * 300_000, "? " * 500_000, "'" * 999_999, "#" * 1_000_000])
def test_nothing_takes_long(text: str) -> None:
    start = time.process_time()
    refusal(text)
    assert time.process_time() - start < 1


# Whether a scalar is text to every reader.


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-01 10:00:00 +1",
        "2001-1-2 3:4:5",
        "9" * 400,
        *words("~ null Null NULL true True TRUE yes Yes no on OFF y Y n N << ="),
        *words("0 1 -1 +1 012345 0o17 0O17 0x1F 0b11 1_000 08 1.5 .5 5. 1e3 -.5E-3 190:20:30 1:30 9:59.5"),
        *words(".inf -.INF +.Inf .nan 2026-01-01 2026-1-1 2026-01-01T10:00:00Z 2001-1-2t3:04:05"),
        # Go's reader alone, which drops underscores before it looks:
        *words("+_1 -_1 1e_3 1e1_0 1_e3 .5_5"),
    ],
)
def test_what_some_reader_takes_for_something_else_is_not_text(text: str) -> None:
    assert not is_text(Scalar(text, True, *AT))
    assert is_text(Scalar(text, False, *AT))


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01 was a Thursday",
        "- a",
        "1 2",
        "\u0661\u0662",
        "\uff0e5",
        "ye\u017f",
        *words("a postgres nope yesterday nul 1a 1.2.3 127.0.0.1 v1 e5 1e 1e+ - + . _ _1 0x 0xg 1: 10.0.0.0/8 12:30h"),
        *words("2026-01 2026-01-01-rc1 aura-staging inf NaN -inf == <<< 1,5"),
    ],
)
def test_what_every_reader_takes_for_text_is_text(text: str) -> None:
    assert is_text(Scalar(text, True, *AT))
    assert resolved_tags(text) == set()


def resolved_tags(text: str) -> set[str]:
    """Return what PyYAML, and ruamel.yaml by YAML 1.1 and 1.2, resolve a plain scalar to, other than text."""
    resolvers = [(tag, pattern) for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], ())]
    resolvers += [(tag, pattern) for _, tag, pattern, first in implicit_resolvers if text[:1] in first]
    return {tag for tag, pattern in resolvers if pattern.match(text)}


NEAR_NUMBERS = "".join(sorted(set("0123456789_.:+-eExXoObBaAfFinINtTzZ ~=<yYnNsSruldg")))


@given(st.text(st.sampled_from(NEAR_NUMBERS), max_size=9) | st.text(st.sampled_from("01_.:-+eT "), max_size=20))
@example("-_")
@example("._")
@settings(max_examples=2000, deadline=None)
def test_what_pyyaml_or_ruamel_resolve_is_never_taken_for_text(text: str) -> None:
    if resolved_tags(text):
        assert not is_text(Scalar(text, True, *AT))


@given(st.text(string.ascii_letters + "/@ ", min_size=6))
def test_words_are_text(text: str) -> None:
    assert is_text(Scalar(text, True, *AT)) == (not resolved_tags(text))


@pytest.mark.parametrize("text", ["9" * 100_000 + "x", "1_" * 50_000 + "x", "1:1" * 30_000 + "x", "-_" * 50_000])
def test_telling_text_takes_time_in_proportion_to_its_length(text: str) -> None:
    start = time.process_time()
    assert is_text(Scalar(text, True, *AT))
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("text", ["", "~", "null", "Null", "NULL"])
def test_null_is_null_unless_it_is_quoted(text: str) -> None:
    assert is_null(Scalar(text, True, *AT))
    assert not is_null(Scalar(text, False, *AT))


def test_nothing_else_is_null() -> None:
    assert not is_null(Scalar("nULL", True, *AT))
    assert not is_null(Mapping({}, AT))
    assert not is_null(Sequence((), AT))


# libyaml and the parser in Python.


# What parsers differ in.
CORPUS = (
    "a: |\n  x\n   y\n\n  z\n\n\nb: >+\n  p\n  q\n\nc: |2\n   three\nd: |+\n\ne: >-\n  f\n   g\n  h\n",
    "a:\n- b\n- c: d\n  e: f\n-\n  - g\n- - h\n  - i\n",
    "{a: [b, c: d, {e: f}], g: {h, i}, 'j': k, l: ~, m: 'n o'}",
    "[a, 'b', \"c\", [d], {e: f}, g: h, https://x:1/y, a:b]",
    "a: 'x\n\n  y\n  z'\nb: \"x\\\n  y\\ \n  z\\t\"\n",
    "a: x  y\n  z # comment\n# comment\nb: # comment\n  c\n",
    "? a\n: b\n? c\n? d\n:\n",
    "---\na: b\n...\n",
    "%YAML 1.1\n--- a\n",
    "a: -1\nb: --x\n-c: ?d\n",
    "- \n- ''\n- ~\n-  # nothing\n",
    "'a b': c\n\"d\\te\": f\n",
    "ключ: значение 🔑\n鍵: [値, é]\nx: y\n",
    "a: b\r\nc: |\r\n  d\r\n  e\r\nf: g\r\n",
    "a: b\rc: d\r",
    'a: "\\x41\\u00e9\\U0001f511\\L\\P\\N\\_\\e\\/"\n',
    "a: #b\n",
    "a: b#c\n",
    "- - - a\n    - b\n  - c\n- d\n",
    "long: " + "x" * 5000 + "\n",
    "a: !b",
    "a: |\n\tx\n",
    " a: b\n c: d\n",
    "a: 'b' 'c'",
    "a:\n  - b\n - c\n",
    r'a: "\U00110000"',
    r'a: "\uD800"',
    r'a: "\xZZ"',
)


def outcome(text: str, loader: Any) -> Node | None:
    before, nodes._Loader = nodes._Loader, loader
    try:
        return parse(text, "a.yaml")
    except ConfigurationError:
        return None
    finally:
        nodes._Loader = before


@pytest.mark.parametrize("text", CORPUS)
def test_libyaml_and_the_parser_in_python_agree(text: str) -> None:
    assert outcome(text, PARSERS[0]) == outcome(text, PARSERS[1])


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(documents, st.booleans(), st.sampled_from([None, "'", '"', "|", ">"]), st.integers(10, 80))
@settings(max_examples=150, deadline=None)
def test_libyaml_and_the_parser_in_python_agree_on_what_pyyaml_writes(
    data: object,
    flow: bool,
    style: str | None,
    width: int,
) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=flow, default_style=style, width=width)
    assert outcome(text, PARSERS[0]) == outcome(text, PARSERS[1])


# Beyond them JSON writes two escapes for one character, which is not YAML.
basic_plane = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])


@given(st.dictionaries(st.text(basic_plane, max_size=8), st.text(basic_plane, max_size=30), min_size=1, max_size=5))
@settings(max_examples=150, deadline=None)
def test_text_of_json_arrives_character_by_character(data: dict[str, str]) -> None:
    assert plain(parse(json.dumps(data), "a.json")) == data
