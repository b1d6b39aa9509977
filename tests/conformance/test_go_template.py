"""The real template engine of External Secrets Operator gives the bytes that the plain backend gives."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealgen.backends.go_template import TEXT, translate
from sealgen.errors import SealgenError
from sealgen.recipe import Filtered, Recipe, Reference, join, resolve
from sealgen.values.secret import Secret
from sealgen.yaml import layout
from tests.conformance.conftest import tool

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sealgen.recipe import Part

NAMES = ["plain", "empty", "dash-key", "tls.tls.crt"]
REFERENCES = [Reference(name) for name in NAMES[:3]] + [Reference("tls", "tls.crt")]
FILTERS = ["urlquote", "b64encode", "b64decode", "tojson", "sqlquote", "shellquote", "trim", "sha256"]
# What some step on the way could take for its own sign.
SIGNS = " \t\n\r\v\f\x00\x1c\x1f\x7f\x85\xa0\"'\\`{}$%+&<>|/=:;#~-_.()[]éß\u2028\u2029\u3000\ufeff😀"
texts = st.text(st.sampled_from(SIGNS) | st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["{{", "{{{", "}}", "{{/*", "{{- ", " -}}", "{", "YQ==", "YWI", "Y\nQ==\r", "%20", "a+b c"]
)


def filtered(inner: st.SearchStrategy[Part]) -> st.SearchStrategy[Part]:
    recipes = st.lists(inner, max_size=3).map(join)
    return st.builds(Filtered, st.sampled_from(FILTERS), recipes) | st.builds(
        lambda input_, old, new: Filtered("replace", input_, ((old,), new)),
        recipes,
        texts.filter(bool),
        recipes,
    )


parts = st.recursive(texts | st.sampled_from(REFERENCES), filtered, max_leaves=5)
recipes = st.lists(parts, max_size=4).map(join)
worlds = st.fixed_dictionaries({name: texts.map(str.encode) | st.binary(max_size=8) for name in NAMES})


@pytest.fixture(scope="module")
def esoctl() -> str:
    return tool("esoctl")


def rendered(esoctl: str, folder: Path, templates: Mapping[str, str], data: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return what the engine makes of the templates; it is one process for all of them."""
    template: layout.Tree = {"engineVersion": "v2", "data": templates}
    external: layout.Tree = {"kind": "ExternalSecret", "spec": {"target": {"template": template}}}
    (folder / "external.yaml").write_text(layout.dump({"apiVersion": "external-secrets.io/v1", **external}))
    encoded = {name: base64.b64encode(content).decode() for name, content in data.items()}
    (folder / "data.json").write_text(json.dumps(encoded))
    command = [esoctl, "template", "--source-templated-object", str(folder / "external.yaml")]
    done = subprocess.run(
        [*command, "--source-secret-data-file", str(folder / "data.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = yaml.safe_load(done.stdout).get("data", {})
    return {key: base64.b64decode(content or "") for key, content in found.items()}


def wanted(recipes: Sequence[Recipe], world: Mapping[str, bytes]) -> Iterator[tuple[Recipe, bytes]]:
    """Yield the recipes that resolve in a world, and to what."""
    for recipe in recipes:
        try:
            yield recipe, resolve(recipe, lambda reference: Secret(world[str(reference)]))
        except SealgenError:
            continue


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(recipes, min_size=30, max_size=60), worlds)
def test_every_filter_and_every_text_are_the_same_there(
    esoctl: str, tmp_path_factory: pytest.TempPathFactory, recipes: list[Recipe], world: dict[str, bytes]
) -> None:
    expected = {f"k{place}": pair for place, pair in enumerate(wanted(recipes, world))}
    templates = {key: translate(recipe, str) for key, (recipe, _) in expected.items()}
    found = rendered(esoctl, tmp_path_factory.mktemp("engine"), templates, world)
    for key, (recipe, content) in expected.items():
        assert found.get(key, b"") == content, (recipe, templates[key])


@pytest.mark.parametrize("name", FILTERS)
def test_every_character_of_ascii_passes_alone_and_among_others(esoctl: str, tmp_path: Path, name: str) -> None:
    characters = [chr(code) for code in range(128)]
    world = {f"v{place}": text.encode() for place, text in enumerate([*characters, "".join(characters), *SIGNS])}
    recipes: list[Recipe] = [(Filtered(name, (Reference(value),)),) for value in world]
    expected = {f"k{place}": pair for place, pair in enumerate(wanted(recipes, world))}
    assert name == "b64decode" or len(expected) >= 128
    templates = {key: translate(recipe, str) for key, (recipe, _) in expected.items()}
    found = rendered(esoctl, tmp_path, templates, world)
    assert {key: found.get(key, b"") for key in expected} == {key: content for key, (_, content) in expected.items()}


def test_what_is_no_base64_is_an_error_and_no_value(esoctl: str, tmp_path: Path) -> None:
    template = translate((Filtered("b64decode", (Reference("plain"),)),), str)
    with pytest.raises(AssertionError, match="not standard base64"):
        rendered(esoctl, tmp_path, {"k": template}, {"plain": b"no base64!"})


@given(st.lists(texts | st.sampled_from(["\ufffd", "\\ufffd", '"\\u0000"']), min_size=1, max_size=20))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_must_be_text_is_as_it_is(esoctl: str, tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    world = {f"v{place}": text.encode() for place, text in enumerate(texts)}
    templates = {name: translate((Filtered(TEXT, (Reference(name),)),), str) for name in world}
    found = rendered(esoctl, tmp_path_factory.mktemp("engine"), templates, world)
    assert {name: found.get(name, b"") for name in world} == world


@pytest.mark.parametrize("content", [b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xc0\x80", "\ufffd".encode() + b"\x80"])
def test_bytes_that_are_no_text_are_an_error_where_text_must_be(esoctl: str, tmp_path: Path, content: bytes) -> None:
    template = translate((Filtered(TEXT, (Reference("plain"),)),), str)
    with pytest.raises(AssertionError, match="not text"):
        rendered(esoctl, tmp_path, {"k": template}, {"plain": content})
