"""The schema for editors accepts what reading takes, and marks what it can of the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from sealgen.errors import ConfigurationError
from tests.support.environments import BASE, OTHER_PIN, PIN, SCHEMA, VALIDATOR, over_base, schema_accepts

ROOT = Path(__file__).parents[2]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_committed_schema_is_what_the_command_prints() -> None:
    committed = (ROOT / "docs" / "environment.schema.json").read_text("utf-8")
    assert committed == json.dumps(SCHEMA, indent=2, ensure_ascii=False) + "\n"


SHIPPED = sorted((ROOT / "environments").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_environments_fit_the_schema_and_point_to_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=../docs/environment.schema.json\n")
    assert (path.parent / "../docs/environment.schema.json").resolve().is_file()
    assert [error.message for error in VALIDATOR.iter_errors(YAML(typ="safe", pure=True).load(text))] == []


def test_there_are_shipped_environments() -> None:
    assert [path.stem for path in SHIPPED] == ["base", "development", "production", "staging"]


@pytest.mark.parametrize(
    "text",
    [
        BASE,
        "extends: base",
        "extends: 2024",
        "namespace: 2024",
        "output:",
        "vars:",
        "vars: {a: ~, b: {c: [~, 1, x, true]}}",
        "values: {x: }",
        "values: {x: {min_length: 3}}",
        "values: {x: {bytes: 16, rotate_every: ~}}",
        "values: {x: {literal: 012345}, y: {literal: 1.5}, z: {literal: true}}",
        "values: {x: {exec: [sleep, 5]}}",
        "values: {x: {generate: password, minimums: {digits: ~}}}",
        "backend: {fingerprint: }",
        "backend: {scope: cluster-wide}",
        "backend:",
        "secrets:",
        "secrets: [a, {name: b, type: Opaque}]",
        "secrets: {a: , b: {vars: {x: 1}, scope: ~}}",
        "lint:",
    ],
)
def test_the_schema_accepts_what_a_file_may_change_or_remove(text: str) -> None:
    assert schema_accepts(text)


def test_what_is_right_is_not_marked_by_an_editor() -> None:
    """Where reading refuses nothing, an editor has nothing to say."""
    for text in (BASE, "namespace: 2024", "values: {x: {literal: 1e3}}", "values: {x: {exec: [sleep, 5]}}"):
        assert _reads(text if text is not BASE else "lint: warn")
        assert schema_accepts(text)


paths = st.text(st.sampled_from("ab./~ :\u00e4"), max_size=9)
grammars = st.text(st.sampled_from("ab0-._A"), max_size=6)


def _reads(text: str) -> bool:
    try:
        over_base(text)
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize(
    ("template", "texts"),
    [
        ("output: %s", paths),
        (
            "output: %s",
            st.sampled_from(["./", ".//", ""]).flatmap(
                lambda dots: st.sampled_from(["environments", "templates", "templatesx", "k8s/templates"]).map(
                    lambda folder: dots + folder + "/x"
                )
            ),
        ),
        ("backend: {certificate: %s}", paths | st.text(st.sampled_from("h/: "), max_size=5).map("https:/".__add__)),
        ("secrets: {a: {template: %s}}", paths),
        ("secrets: {a: {filename: %s}}", grammars.map(lambda text: f"{text}.yaml") | grammars),
        ("secrets: {a: {namespace: %s}}", grammars | st.integers(60, 66).map("a".__mul__)),
        ("namespace: %s", grammars | st.integers(60, 66).map("a".__mul__)),
        ("secrets: [%s]", grammars | st.integers(250, 256).map("a".__mul__)),
        ("secrets: {%s: }", grammars | st.integers(250, 256).map("a".__mul__)),
        ("values: {%s: {generate: hex}}", grammars | st.integers(126, 130).map("a".__mul__)),
        ("backend: {fingerprint: %s}", st.sampled_from([PIN, OTHER_PIN, PIN[:-1], PIN + "A", PIN[:-1] + "F"])),
    ],
)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_schemas_patterns_say_what_reading_does(
    template: str, texts: st.SearchStrategy[str], data: st.DataObject
) -> None:
    text = template % json.dumps(data.draw(texts))
    assert _reads(text) == schema_accepts(text)
