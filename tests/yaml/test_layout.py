"""The layout of kubeseal's YAML: styles, folding, order; what is written is read back unchanged."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.yaml import nodes
from sealgen.yaml.layout import dump, reads_as_text

if TYPE_CHECKING:
    from sealgen.yaml.layout import Tree

TEXT = st.text() | st.text("ab :#'\"\\\n\r\t\x85\u2028\u2029\ufeff-?,[]{}&*!|>%@`0123456789.ex_", max_size=200)

NULLS_AND_BOOLEANS = {
    "": '""',
    "~": '"~"',
    "null": '"null"',
    "Null": '"Null"',
    "nULL": "nULL",
    "yes": '"yes"',
    "Yes": '"Yes"',
    "yEs": "yEs",
    "y": '"y"',
    "N": '"N"',
    "on": '"on"',
    "OFF": '"OFF"',
    "true": '"true"',
    "truE": "truE",
    "=": "=",
    "<<": "<<",
}
NUMBERS = {
    "012345": '"012345"',
    "0o17": '"0o17"',
    "0O8": "0O8",
    "0x1F": '"0x1F"',
    "0b101": '"0b101"',
    "0b-1": '"0b-1"',
    "0b12": "0b12",
    "0x": "0x",
    "1_000": '"1_000"',
    "1e3": '"1e3"',
    "1e999": "1e999",
    "-.5": '"-.5"',
    "+.inf": '"+.inf"',
    ".NaN": '".NaN"',
    ".nAn": ".nAn",
    ".5": '".5"',
    ".5_0": '".5_0"',
    ".5__0": ".5__0",
    ".5e999": ".5e999",
    ".": ".",
    "+": "+",
    "-1": '"-1"',
    "1.2.3": "1.2.3",
    "18446744073709551616": '"18446744073709551616"',
    "0xFFFFFFFFFFFFFFFF": '"0xFFFFFFFFFFFFFFFF"',
    "0x10000000000000000": "0x10000000000000000",
    "+0x7FFFFFFFFFFFFFFF": '"+0x7FFFFFFFFFFFFFFF"',
    "+0x8000000000000000": "+0x8000000000000000",
    "-0x8000000000000000": '"-0x8000000000000000"',
    "-0x8000000000000001": "-0x8000000000000001",
    "190:20:30": '"190:20:30"',
    "24:00": '"24:00"',
    "1:99": "1:99",
    "٣": "٣",
}
DATES = {
    "2001-01-01": '"2001-01-01"',
    "2001-1-1": '"2001-1-1"',
    "2001-02-29": "2001-02-29",
    "2000-02-29": '"2000-02-29"',
    "0000-02-29": '"0000-02-29"',
    "2001-13-01": "2001-13-01",
    "2001-12-14T21:59:43Z": '"2001-12-14T21:59:43Z"',
    "2001-12-14t21:59:43.10-05:00": '"2001-12-14t21:59:43.10-05:00"',
    "2001-12-14T21:59:43": "2001-12-14T21:59:43",
    "2001-12-14 21:59:43.10 -5": "2001-12-14 21:59:43.10 -5",
    "2001-12-14  1:5:4,1": '"2001-12-14  1:5:4,1"',
    "2001-12-14 24:00:00": "2001-12-14 24:00:00",
}
INDICATORS = {
    "a: b": "'a: b'",
    "a:b": "a:b",
    "a:": "'a:'",
    "a #b": "'a #b'",
    "a#b": "a#b",
    "- a": "'- a'",
    "-a": "-a",
    "-": "'-'",
    "? a": "'? a'",
    "?a": "?a",
    ": a": "': a'",
    ":a": ":a",
    "---": "'---'",
    "--- a": "'--- a'",
    "...": "'...'",
    "--": "--",
    "a]": "a]",
    "a,b": "a,b",
    "'a": "'''a'",
    "a'b": "a'b",
    "it's: ": "'it''s: '",
    'a"b': 'a"b',
    "a\\b": "a\\b",
    " a": "' a'",
    "a ": "'a '",
    " ": "' '",
    "a  b": "a  b",
    **{f"{indicator}a": f"'{indicator}a'" for indicator in '#,[]{}&*!|>%@`"'},
}
CHARACTERS = {
    "a\tb": r'"a\tb"',
    "\x00\a\b\t\v\f\r\x1b": r'"\0\a\b\t\v\f\r\e"',
    "a\x01b": r'"a\x01b"',
    "a\x7fb": r'"a\x7Fb"',
    "a\x85b": r'"a\Nb"',
    "a\xa0é日本語": "a\xa0é日本語",
    "😀": r'"\U0001F600"',
    "\uffff": r'"\uFFFF"',
    '\t"\\': r'"\t\"\\"',
    "a\ufeffb é": r'"a\uFEFFb é"',
    "\ufeffab é\xa0": r'"\uFEFF\x61\x62\x20\xE9\_"',
    "a\u2028b\u2029\n": r'"a\Lb\P\n"',
}


@pytest.mark.parametrize(
    ("text", "written"), [*NULLS_AND_BOOLEANS.items(), *NUMBERS.items(), *DATES.items(), *INDICATORS.items()]
)
def test_quotes_stand_where_kubeseal_puts_them_for_keys_and_values(text: str, written: str) -> None:
    assert dump({"a": {"b": text}}) == f"---\na:\n  b: {written}\n"
    assert dump({"a": {text: "b"}}) == f"---\na:\n  {written}: b\n"


@pytest.mark.parametrize(("text", "written"), CHARACTERS.items())
def test_unusual_characters_are_written_as_kubeseal_writes_them(text: str, written: str) -> None:
    assert dump({"a": {"b": text}}) == f"---\na:\n  b: {written}\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\n", "|\n    a\n"),
        ("a\nb", "|-\n    a\n    b\n"),
        ("a\n\n", "|+\n    a\n\n"),
        ("a\n\nb\n", "|\n    a\n\n    b\n"),
        ("\n", "|2+\n\n"),
        ("\na", "|2-\n\n    a\n"),
        (" a\nb", "|2-\n     a\n    b\n"),
        ("a\n b", "|-\n    a\n     b\n"),
        ("yes\n", "|\n    yes\n"),
        ("a\nb ", '"a\\nb "\n'),
        ("a \nb", '"a \\nb"\n'),
        ("a\tb\nc", '"a\\tb\\nc"\n'),
        ("a\n\u2028", '"a\\n\\L"\n'),
    ],
)
def test_text_of_several_lines_is_a_literal_block_if_a_block_can_hold_it(text: str, written: str) -> None:
    assert dump({"a": {"b": text, "c": "d"}}) == f"---\na:\n  b: {written}  c: d\n"


X, Y, Z = "x" * 60, "y" * 30, "z" * 90


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (f"{Z}", f"{Z}"),
        (f"{X} {Y} z", f"{X} {Y}\n    z"),
        (f"{X} {Y} {Z} {X} {Y} z", f"{X} {Y}\n    {Z}\n    {X} {Y}\n    z"),
        (f"{Z}  y {Z} y", f"{Z}  y\n    {Z}\n    y"),
        ("x" * 74 + " y", "x" * 74 + " y"),
        ("x" * 76 + " y", "x" * 76 + "\n    y"),
        ("x" * 75 + " y", "x" * 75 + " y"),
        ("x" * 74 + " y z", "x" * 74 + " y\n    z"),
        ("#" + "x" * 74 + " y", "'#" + "x" * 74 + "\n    y'"),
        (f"{X}: {Y} z ", f"'{X}: {Y}\n    z '"),
        (f" {Z} y", f"' {Z}\n    y'"),
        ("'" * 40 + "x" * 30 + " y: z", "'" + "''" * 40 + "x" * 30 + "\n    y: z'"),
        (f"\t{X} {Y} z", f'"\\t{X} {Y}\n    z"'),
        (f"\t{Z}  y  ", f'"\\t{Z}\n    \\ y  "'),
        (f"\t{Z}  {'y' * 75} z", f'"\\t{Z}\n    \\ {"y" * 75}\n    z"'),
        (f"\t{Z} {Y}   {X} {Y} ", f'"\\t{Z}\n    {Y}   {X}\n    {Y} "'),
    ],
)
def test_a_line_is_folded_at_the_first_space_after_the_80th_column(text: str, written: str) -> None:
    assert dump({"a": {"b": text}}) == f"---\na:\n  b: {written}\n"


def test_a_key_is_never_folded_and_counts_for_the_width() -> None:
    key = "k " * 45 + "k"
    assert dump({key: "x y z"}) == f"---\n{key}: x\n  y z\n"


def test_a_key_that_is_long_or_of_several_lines_is_marked_as_one() -> None:
    assert dump({"k" * 128: "v"}) == f"---\n{'k' * 128}: v\n"
    assert dump({"é" * 65: "v"}) == f"---\n? {'é' * 65}\n: v\n"
    assert dump({"a": {Z + Y + X: {"b": "c", "d": "e"}}}) == f"---\na:\n  ? {Z}{Y}{X}\n  : b: c\n    d: e\n"
    assert dump({"a": {f"{Z} {X}": {}}}) == f"---\na:\n  ? {Z}\n    {X}\n  : {{}}\n"
    assert dump({Z + X: f"{Z[:79]} y z"}) == f"---\n? {Z}{X}\n: {Z[:79]}\n  y z\n"
    assert dump({"a\rb": None}) == '---\n? "a\\rb"\n: null\n'
    assert dump({"a\nb": True}) == "---\n? |-\n  a\n  b\n: true\n"


def test_constants_and_empty_mappings() -> None:
    assert dump({"a": None, "b": True, "c": False, "d": {}}) == "---\na: null\nb: true\nc: false\nd: {}\n"
    assert dump({}) == "---\n{}\n"


@pytest.mark.parametrize(
    "keys",
    [
        ["a2", "a10", "a010b"],
        ["_", "0", "1", "A", "B", "a", "b"],
        [".dot", "_x", "1", "01", "A_b", "B", "a9", "a10", "b"],
        ["JWT_SECRET_KEY", "JWT_SECRET_KEY_PREVIOUS", "JWTS", "jwt"],
        ["a", "a-", "a.", "a0", "aA"],
        ["1", "01", "001"],
        ["a1", "a10", "a100"],
        ["a1-", "a10-", "a100-"],
        ["0002", "03"],
        ["19", "11090991011019190199"],
        ["19991099009101900109", "12"],
        ["a18446744073709551617", "a2"],
        ["/a", "٣", "é"],
    ],
)
def test_keys_stand_in_go_yamls_natural_order(keys: list[str]) -> None:
    for given_order in list(permutations(keys))[:200]:
        assert [line.split(":")[0].strip('"') for line in dump(dict.fromkeys(given_order, "")).splitlines()[1:]] == keys


def test_keys_whose_natural_order_has_a_circle_stand_in_one_order_all_the_same() -> None:
    circle = ("9a", "100.", "901-")
    assert len({dump(dict.fromkeys(keys, "")) for keys in permutations(circle)}) == 1


def test_only_what_is_null_a_boolean_a_number_or_a_date_is_not_read_as_text() -> None:
    for text, written in [*NULLS_AND_BOOLEANS.items(), *NUMBERS.items(), *DATES.items(), *INDICATORS.items()]:
        base_60 = text in {"190:20:30", "24:00"}
        assert reads_as_text(text) == (base_60 or not written.startswith('"')), text


@given(st.dictionaries(TEXT, TEXT, max_size=4))
def test_what_is_written_is_read_back_unchanged(texts: dict[str, str]) -> None:
    tree: Tree = {"outer": texts}
    root = nodes.parse(dump(tree), "test.yaml")
    assert isinstance(root, nodes.Mapping)
    outer = root.get("outer")
    assert isinstance(outer, nodes.Mapping)
    assert {key: node.text for key, (_, node) in outer.entries.items() if isinstance(node, nodes.Scalar)} == texts


LISTS: Tree = {
    "metadata": {"finalizers": ("x/y", "yes", "it's: z", "a\nb"), "none": ()},
    "rules": ({"apiGroups": ("",), "verbs": ("get", "list")}, {}),
    "k" * 129: ("a", {"b": ("c",)}),
}


def test_lists_stand_as_kubeseal_and_kubectl_write_them() -> None:
    # The finalizers are as kubeseal 0.36.6 writes those of a Secret.
    assert (
        dump(LISTS)
        == f"""\
---
? {"k" * 129}
: - a
  - b:
    - c
metadata:
  finalizers:
  - x/y
  - "yes"
  - 'it''s: z'
  - |-
    a
    b
  none: []
rules:
- apiGroups:
  - ""
  verbs:
  - get
  - list
- {{}}
"""
    )


def test_lists_are_read_back_unchanged() -> None:
    def data(node: nodes.Node) -> object:
        if isinstance(node, nodes.Scalar):
            return node.text
        if isinstance(node, nodes.Sequence):
            return tuple(map(data, node.items))
        return {name: data(value) for name, (_, value) in node.entries.items()}

    assert data(nodes.parse(dump(LISTS), "x.yaml")) == LISTS


@pytest.mark.parametrize(
    ("value", "text"), [(64, "64"), (0, "0"), (1, "1"), (True, "true"), (False, "false"), ("64", '"64"')]
)
def test_a_number_is_no_text_and_no_boolean(value: str | bool | int, text: str) -> None:
    assert dump({"a": value}) == f"---\na: {text}\n"
