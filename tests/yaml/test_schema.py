"""A shape reads what its JSON Schema describes, and refuses all else in words that name the field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from sealgen.errors import ConfigurationError, Mark
from sealgen.yaml.nodes import parse
from sealgen.yaml.schema import (
    DAYS,
    DEFINITIONS,
    SECONDS,
    Boolean,
    Field,
    Fields,
    Integer,
    ListOf,
    MapOf,
    Plain,
    RawText,
    Record,
    Shape,
    Text,
)


def read(shape: Shape[Any], yaml: str) -> Any:
    return shape.read(parse(yaml, "a.yaml"), "field")


def refusal(shape: Shape[Any], yaml: str) -> str:
    """Return the whole message with which reading fails."""
    with pytest.raises(ConfigurationError) as caught:
        read(shape, yaml)
    return str(caught.value)


def accepts(shape: Shape[Any], yaml: str) -> bool:
    try:
        read(shape, yaml)
    except ConfigurationError:
        return False
    return True


def schema_accepts(shape: Shape[Any], data: object) -> bool:
    return bool(Draft202012Validator({**shape.json_schema(), "$defs": DEFINITIONS}).is_valid(data))


def _no_tabs(text: str) -> str | None:
    return "a tab is in it" if "\t" in text else None


POINT: Record[Any] = Record(
    {
        "x": Field(Integer(0, 9), "How far to the right.", required=True),
        "y": Field(Integer(0, 9), "How far down; default: 0.", default=0),
        "visible": Field(Boolean(), "Whether it is drawn."),
    },
    lambda fields: (fields["x"], fields["y"], fields["visible"]),
)
SHAPES: dict[str, Shape[Any]] = {
    "text": Text(),
    "choices": Text(choices=("strict", "cluster-wide")),
    "raw text": RawText(),
    "integer": Integer(3, 12),
    "boolean": Boolean(),
    "days": DAYS,
    "seconds": SECONDS,
    "list": ListOf(Integer(0, 9)),
    "list that is not empty": ListOf(Text(), minimum=1),
    "map": MapOf(Boolean()),
    "map with names": MapOf(RawText(), Text(pattern="[a-c]+", words="of a, b and c")),
    "record": POINT,
    "records": MapOf(ListOf(POINT)),
    "plain": Plain(),
    "map of plain": MapOf(Plain()),
}


@pytest.mark.parametrize(
    ("shape", "yaml", "data"),
    [
        ("text", "a b", "a b"),
        ("text", "yes", "yes"),
        ("text", "012", "012"),
        ("text", "'~'", "~"),
        ("text", "''", ""),
        ("text", "|\n  a\n  b\n", "a\nb\n"),
        ("choices", "strict", "strict"),
        ("choices", "'cluster-wide'", "cluster-wide"),
        ("raw text", "012345", b"012345"),
        ("raw text", "ä", "ä".encode()),
        ("raw text", "''", b""),
        ("raw text", '"\\0"', b"\0"),
        ("integer", "3", 3),
        ("integer", "12", 12),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("days", "90d", 90),
        ("days", "2w", 14),
        ("days", "'1y'", 365),
        ("days", "999999d", 999_999),
        ("seconds", "30s", 30),
        ("seconds", "5m", 300),
        ("list", "[1, 2, 1]", (1, 2, 1)),
        ("list", "[]", ()),
        ("list that is not empty", "- 5\n- no", ("5", "no")),
        ("map", "{b: true, a: false}", {"b": True, "a": False}),
        ("map", "{}", {}),
        ("map with names", "{abc: 0x1}", {"abc": b"0x1"}),
        ("record", "{x: 1}", (1, 0, None)),
        ("record", "{visible: true, y: 2, x: 1}", (1, 2, True)),
        (
            "plain",
            "[a, 1, -1, 0, true, false, null, ~, '', 'yes', {b: [c]}, {}, []]",
            ["a", 1, -1, 0, True, False, None, None, "", "yes", {"b": ["c"]}, {}, []],
        ),
        ("plain", "999999999999999999", 999_999_999_999_999_999),
        ("plain", "-999999999999999999", -999_999_999_999_999_999),
        ("plain", "'012'", "012"),
        ("map of plain", "{a: , yes: no way}", {"a": None, "yes": "no way"}),
    ],
)
def test_a_shape_reads(shape: str, yaml: str, data: object) -> None:
    found = read(SHAPES[shape], yaml)
    assert found == data
    assert type(found) is type(data)


def test_maps_and_plain_mappings_keep_the_order_of_the_file() -> None:
    assert list(read(MapOf(Plain()), "{b: 1, a: 2, c: 3}")) == ["b", "a", "c"]
    assert list(read(Plain(), "{b: 1, a: 2, c: 3}")) == ["b", "a", "c"]


INTEGER = "field must be a whole number from 3 to 12"


@pytest.mark.parametrize(
    ("shape", "yaml", "message"),
    [
        ("text", "[a]", "1:1: field must be text, not a list"),
        ("text", "{a: b}", "1:1: field must be text, not a mapping"),
        ("text", "~", "1:1: field is empty; it must be text"),
        ("choices", "strikt", "1:1: field can't be 'strikt'; did you mean 'strict'?"),
        ("choices", "Strict", "1:1: field can't be 'Strict'; did you mean 'strict'?"),
        ("choices", "x", "1:1: field can't be 'x'; known are cluster-wide, strict"),
        ("raw text", "[s3cr3t]", "1:1: field must be text; write '' for an empty value, not a list"),
        ("raw text", "{a: s3cr3t}", "1:1: field must be text; write '' for an empty value, not a mapping"),
        ("raw text", "null", "1:1: field is empty; it must be text; write '' for an empty value"),
        ("integer", "2", f"1:1: {INTEGER}, not 2"),
        ("integer", "13", f"1:1: {INTEGER}, not 13"),
        ("integer", "9999999999999", f"1:1: {INTEGER}, not 9999999999999"),
        ("integer", "-5", f"1:1: {INTEGER}, not -5"),
        ("integer", "+5", f"1:1: {INTEGER}, not +5"),
        ("integer", "012", f"1:1: {INTEGER}, not 012"),
        ("integer", "0o7", f"1:1: {INTEGER}, not 0o7"),
        ("integer", "5.0", f"1:1: {INTEGER}, not 5.0"),
        ("integer", "1e1", f"1:1: {INTEGER}, not 1e1"),
        ("integer", "1_0", f"1:1: {INTEGER}, not 1_0"),
        ("integer", "\u0665", f"1:1: {INTEGER}, not \u0665"),
        ("integer", "five", f"1:1: {INTEGER}, not five"),
        ("integer", "'5'", f"1:1: {INTEGER}, without quotes"),
        ("integer", "[5]", f"1:1: {INTEGER}, not a list"),
        ("integer", "~", "1:1: field is empty; it must be a whole number from 3 to 12"),
        ("boolean", "yes", "1:1: field must be true or false, not 'yes'"),
        ("boolean", "True", "1:1: field must be true or false, not 'True'"),
        ("boolean", "1", "1:1: field must be true or false, not '1'"),
        ("boolean", "'true'", "1:1: field must be true or false, without quotes"),
        ("boolean", "{a: b}", "1:1: field must be true or false, not a mapping"),
        ("boolean", "null", "1:1: field is empty; it must be true or false"),
        ("days", "90", "1:1: field must be a duration such as 30d, 12w, 2y, not '90'"),
        ("days", "0d", "1:1: field must be a duration such as 30d, 12w, 2y, not '0d'"),
        ("days", "1.5d", "1:1: field must be a duration such as 30d, 12w, 2y, not '1.5d'"),
        ("days", "1days", "1:1: field must be a duration such as 30d, 12w, 2y, not '1days'"),
        ("days", "1 d", "1:1: field must be a duration such as 30d, 12w, 2y, not '1 d'"),
        ("days", "30m", "1:1: field must be a duration such as 30d, 12w, 2y, not '30m'"),
        ("days", "1000000d", "1:1: field must be a duration such as 30d, 12w, 2y, not '1000000d'"),
        ("days", "~", "1:1: field is empty; it must be a duration such as 30d, 12w, 2y"),
        ("seconds", "1h", "1:1: field must be a duration such as 30s, 12m, not '1h'"),
        ("list", "a", "1:1: field must be a list"),
        ("list", "{a: b}", "1:1: field must be a list"),
        ("list", "~", "1:1: field is empty; it must be a list"),
        ("list", "[1, 22]", "1:5: field[1] must be a whole number from 0 to 9, not 22"),
        ("list that is not empty", "[]", "1:1: field is empty"),
        ("map", "[a]", "1:1: field must be a mapping"),
        ("map", "a", "1:1: field must be a mapping"),
        ("map", "~", "1:1: field is empty; it must be a mapping"),
        ("map", "{a: true, b: 1}", "1:14: field.b must be true or false, not '1'"),
        ("map with names", "{a: 1, d: 2}", "1:8: field can't be 'd'; it must be of a, b and c"),
        ("record", "{x: 1, z: 2}", "1:8: unknown field 'field.z'; known are visible, x, y"),
        ("record", "{x: 1, visibel: true}", "1:8: unknown field 'field.visibel'; did you mean 'visible'?"),
        ("record", "{x: 1, Y: 2}", "1:8: unknown field 'field.Y'; did you mean 'y'?"),
        ("record", "{y: 1}", "1:1: field.x is missing: How far to the right."),
        ("record", "{}", "1:1: field.x is missing: How far to the right."),
        ("record", "{x: }", "1:5: field.x is empty; it must be a whole number from 0 to 9"),
        ("record", "x", "1:1: field must be a mapping"),
        ("records", "{a: [{x: 1}, {x: 11}]}", "1:18: field.a[1].x must be a whole number from 0 to 9, not 11"),
        ("records", "{a: [{x: 1, a: 1}]}", "1:13: unknown field 'field.a[0].a'; known are visible, x, y"),
    ],
)
def test_a_shape_refuses(shape: str, yaml: str, message: str) -> None:
    assert refusal(SHAPES[shape], yaml) == f"a.yaml:{message}"


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "012",
        "0o7",
        "1e3",
        "1.5",
        "1_000",
        "0x1F",
        "-0",
        "True",
        "NO",
        "2026-01-01",
        ".inf",
        "12:30:45",
        "9" * 19,
    ],
)
def test_plain_data_is_only_what_every_yaml_reader_takes_for_the_same(text: str) -> None:
    assert refusal(Plain(), f"a: [b, {text}]") == (
        f"a.yaml:1:8: field.a[1]: {text} is neither text nor a whole number to every YAML reader; "
        f"write '{text}' for the text"
    )
    assert read(Plain(), f"'{text}'") == text


def test_a_problem_is_said_in_its_own_words_and_the_pattern_is_for_json_schema() -> None:
    shape = Text(problem=_no_tabs, pattern="[^\\t]+")
    assert refusal(shape, '"a\\t"') == "a.yaml:1:1: field: a tab is in it"
    assert read(shape, "ab") == "ab"
    assert shape.json_schema()["pattern"] == "^(?:[^\\t]+)$"


def test_a_pattern_alone_must_match_all_of_the_text() -> None:
    shape = Text(pattern="[ab]+", words="of a and b")
    assert refusal(shape, "abc") == "a.yaml:1:1: field can't be 'abc'; it must be of a and b"
    assert refusal(shape, "'a\n\n  b'") == "a.yaml:1:1: field can't be 'a\\nb'; it must be of a and b"
    assert read(shape, "ab") == "ab"


LONG = "x" * 2**20
CUT = "x" * 79 + "…"


@pytest.mark.parametrize(
    ("shape", "yaml", "problem"),
    [
        (Text(choices=("warn", "error")), LONG, f"field can't be '{CUT}'; known are error, warn"),
        (Text(pattern="[ab]+", words="of a and b"), LONG, f"field can't be '{CUT}'; it must be of a and b"),
        (Integer(1, 9), LONG, f"field must be a whole number from 1 to 9, not {CUT}"),
        (Boolean(), LONG, f"field must be true or false, not '{CUT}'"),
        (DAYS, LONG, f"field must be a duration such as 30d, 12w, 2y, not '{CUT}'"),
        (
            Plain(),
            "1" * 2**20,
            (
                f"field: {'1' * 79}… is neither text nor a whole number to every YAML reader; "
                f"write '{'1' * 79}…' for the text"
            ),
        ),
        (POINT, f'{{"{LONG[:1000]}": 1}}', f"unknown field 'field.{'x' * 73}…'; known are visible, x, y"),
    ],
)
def test_a_message_repeats_no_more_of_a_text_than_a_line(shape: Shape[Any], yaml: str, problem: str) -> None:
    assert refusal(shape, yaml).partition(" ")[2] == problem


def test_a_missing_field_is_shown_as_it_could_be_written() -> None:
    shape = Record({"x": Field(Text(), "How far.", required=True, example="12")}, lambda fields: fields["x"])
    assert refusal(shape, "{}") == "a.yaml:1:1: field.x is missing; write x: 12"


def test_a_records_own_fields_stand_at_the_root_without_a_prefix() -> None:
    with pytest.raises(ConfigurationError) as caught:
        POINT.read(parse("y: 1", "a.yaml"), "")
    assert str(caught.value) == "a.yaml:1:1: x is missing: How far to the right."
    with pytest.raises(ConfigurationError) as caught:
        POINT.read(parse("xx: 1", "a.yaml"), "")
    assert str(caught.value) == "a.yaml:1:1: unknown field 'xx'; did you mean 'x'?"


def test_a_record_may_refuse_a_combination_at_the_place_of_a_field() -> None:
    def build(fields: Fields) -> int:
        if fields["a"] > fields["b"]:
            raise ConfigurationError("a is more than b", at=fields.at("a"))
        raise ConfigurationError("no b", at=fields.at("b"))

    shape = Record({"a": Field(Integer(), "A."), "b": Field(Integer(), "B.", default=5)}, build)
    assert refusal(shape, "b: 1\na: 2") == "a.yaml:2:4: a is more than b"
    assert refusal(shape, " {a: 2}") == "a.yaml:1:2: no b"
    assert parse(" {a: 2}", "a.yaml").at == Mark("a.yaml", 1, 2)


@pytest.mark.parametrize(
    ("shape", "schema"),
    [
        ("text", {"type": ["string", "number", "boolean"]}),
        ("choices", {"enum": ["strict", "cluster-wide"]}),
        ("integer", {"type": "integer", "minimum": 3, "maximum": 12}),
        ("boolean", {"type": "boolean"}),
        ("seconds", {"type": "string", "pattern": "^[1-9][0-9]{0,5}(s|m)$"}),
        (
            "list that is not empty",
            {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1},
        ),
        (
            "map with names",
            {
                "type": "object",
                "propertyNames": {"pattern": "^(?:[a-c]+)$"},
                "additionalProperties": {"type": ["string", "number", "boolean"]},
            },
        ),
        (
            "record",
            {
                "type": "object",
                "properties": {
                    "x": {"description": "How far to the right.", "type": "integer", "minimum": 0, "maximum": 9},
                    "y": {"description": "How far down; default: 0.", "type": "integer", "minimum": 0, "maximum": 9},
                    "visible": {"description": "Whether it is drawn.", "type": "boolean"},
                },
                "additionalProperties": False,
                "required": ["x"],
            },
        ),
    ],
)
def test_a_shape_describes_itself_as_json_schema(shape: str, schema: dict[str, Any]) -> None:
    assert SHAPES[shape].json_schema() == schema


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_shape_prints_is_json_schema(shape: str) -> None:
    Draft202012Validator.check_schema({**SHAPES[shape].json_schema(), "$defs": DEFINITIONS})


# One half of these are right for some shape; all are the same in JSON and in YAML.
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 15),
    st.sampled_from([0.5, -1.25]),
    st.sampled_from(["", "strict", "cluster-wide", "90d", "0d", "5m", "30s", "1y", "5", "true", "null", "a", "ab"]),
    st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=3),
)
names = st.sampled_from(["x", "y", "visible", "a", "abc", "z", "d", ""])
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("shape", SHAPES)
@given(document=documents)
@settings(max_examples=80, deadline=None)
def test_reading_and_json_schema_agree(shape: str, document: object) -> None:
    assert accepts(SHAPES[shape], json.dumps(document)) == schema_accepts(SHAPES[shape], document)


records = st.fixed_dictionaries(
    {},
    optional={
        "x": st.integers(-1, 10) | scalars,
        "y": st.integers(-1, 10) | scalars,
        "visible": st.booleans() | scalars,
        "z": st.booleans(),
    },
)


@given(document=st.dictionaries(names, st.lists(records, max_size=2), max_size=2))
@settings(max_examples=150, deadline=None)
def test_reading_and_json_schema_agree_on_records(document: object) -> None:
    assert accepts(SHAPES["records"], json.dumps(document)) == schema_accepts(SHAPES["records"], document)


@given(st.text("abc\n", max_size=4))
def test_a_pattern_is_for_all_of_the_text(text: str) -> None:
    shape = Text(pattern="a|bc")
    assert accepts(shape, json.dumps(text)) == (text in ("a", "bc"))
    # To Python's re, a line end may follow what $ ends; to JSON Schema's it may not.
    assert schema_accepts(shape, text) == (text.removesuffix("\n") in ("a", "bc"))
