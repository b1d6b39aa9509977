"""What a file says is merged over what it extends, mapping by mapping, each file over what its base came to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.config import merging
from sealgen.yaml.nodes import Node, Scalar, Sequence
from tests.support.environments import reader


def data(node: Node) -> Any:
    """Return the node's texts without their places."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Sequence):
        return [data(item) for item in node.items]
    return {name: data(value) for name, (_, value) in node.entries.items()}


def merged(*files: str) -> Any:
    """Merge files, of which each extends the next."""
    names = ["staging", *(f"base{number}" for number in range(1, len(files)))]
    texts = [
        (f"extends: {base}\n" if base else "") + text for text, base in zip(files, [*names[1:], None], strict=True)
    ]
    found = data(merging.merged("staging", reader(dict(zip(names, texts, strict=True)))))
    found.pop("extends", None)
    return found


@pytest.mark.parametrize(
    ("files", "result"),
    [
        (["a: 1", "b: 2"], {"b": "2", "a": "1"}),
        (["a: 1", "a: 2"], {"a": "1"}),
        (["a: 1", "a: 2", "a: 3"], {"a": "1"}),
        (["vars: {a: {b: 1}}", "vars: {a: {c: 2}}"], {"vars": {"a": {"c": "2", "b": "1"}}}),
        (["vars: {a: [1]}", "vars: {a: [2, 3]}"], {"vars": {"a": ["1"]}}),
        (["vars: {a: [{b: 1}]}", "vars: {a: [{c: 1}]}"], {"vars": {"a": [{"b": "1"}]}}),
        (["vars: {a: 1}", "vars: {a: {b: 2}}"], {"vars": {"a": "1"}}),
        (["vars: {a: {b: 2}}", "vars: {a: 1}"], {"vars": {"a": {"b": "2"}}}),
        (["vars: {a: {}}", "vars: {a: {b: 1}}"], {"vars": {"a": {"b": "1"}}}),
        # Null removes, and what is removed stays so.
        (["vars: {a: ~}", "vars: {a: 1, b: 2}"], {"vars": {"b": "2"}}),
        (["vars: ", "vars: {a: 1}\nx: y"], {"x": "y"}),
        (["vars: {a: ~}", "vars: {b: 1}"], {"vars": {"b": "1", "a": "~"}}),
        (["vars: {a: 'null'}", "vars: {a: 1}"], {"vars": {"a": "null"}}),
        (["vars: {a: ~}", "vars: {a: {b: 1}}", "vars: {a: {c: 2}}"], {"vars": {}}),
        (["vars: {a: {b: 1}}", "vars: {a: ~}", "vars: {a: {c: 2}}"], {"vars": {"a": {"b": "1"}}}),
        (["x: y", "vars: {a: ~}", "vars: {a: {c: 2}}"], {"vars": {}, "x": "y"}),
        (["secrets: {a: ~}", "secrets: {a: {scope: strict}, b: }"], {"secrets": {"b": ""}}),
        (["secrets: {a: {scope: strict}}", "secrets: {a: , b: }"], {"secrets": {"a": {"scope": "strict"}, "b": ""}}),
        (["secrets: [a]", "secrets: {b: }"], {"secrets": ["a"]}),
        # Of one source or backend, fields are merged; another leaves nothing of it behind, but the value's rules.
        (
            ["values: {x: {bytes: 16}}", "values: {x: {generate: hex, min_length: 9}}"],
            {"values": {"x": {"generate": "hex", "min_length": "9", "bytes": "16"}}},
        ),
        (
            ["values: {x: {generate: hex}}", "values: {x: {bytes: 16}}"],
            {"values": {"x": {"bytes": "16", "generate": "hex"}}},
        ),
        (
            ["values: {x: {generate: hex}}", "values: {x: {generate: hex, bytes: 16}}"],
            {"values": {"x": {"generate": "hex", "bytes": "16"}}},
        ),
        (
            ["values: {x: {file: b}}", "values: {x: {file: a, trim: true}}"],
            {"values": {"x": {"file": "b", "trim": "true"}}},
        ),
        (
            ["values: {x: {generate: base64}}", "values: {x: {generate: hex, bytes: 16, min_length: 9}}"],
            {"values": {"x": {"min_length": "9", "generate": "base64"}}},
        ),
        (
            [
                "values: {x: {env: X}}",
                (
                    "values: {x: {generate: hex, bytes: 16, min_length: 1, max_length: 2, pattern: a, "
                    "rotate_every: 1d, lint: error}}"
                ),
            ],
            {
                "values": {
                    "x": {
                        "min_length": "1",
                        "max_length": "2",
                        "pattern": "a",
                        "rotate_every": "1d",
                        "lint": "error",
                        "env": "X",
                    }
                }
            },
        ),
        (
            ["values: {x: {env: X, min_length: ~}}", "values: {x: {literal: a, min_length: 3}}"],
            {"values": {"x": {"env": "X"}}},
        ),
        (
            ["values: {x: {bytes: 20}}", "values: {x: {env: X}}", "values: {x: {generate: hex, bytes: 16}}"],
            {"values": {"x": {"env": "X", "bytes": "20"}}},
        ),
        (
            ["values: {x: {generate: hex}}", "values: {x: {env: X}}", "values: {x: {generate: hex, bytes: 16}}"],
            {"values": {"x": {"generate": "hex"}}},
        ),
        (["vars: {x: {env: 1}}", "vars: {x: {file: 2}}"], {"vars": {"x": {"file": "2", "env": "1"}}}),
        (["backend: {kind: plain}", "backend: {kind: sealed-secrets, scope: strict}"], {"backend": {"kind": "plain"}}),
        (["backend: {kind: plain}", "backend: {kind: plain, x: y}"], {"backend": {"kind": "plain", "x": "y"}}),
        (["backend: {kind: plain}", "backend: {scope: strict}"], {"backend": {"scope": "strict", "kind": "plain"}}),
        (["backend: {scope: strict}", "backend: {kind: a}"], {"backend": {"kind": "a", "scope": "strict"}}),
        (
            ["vars: {backend: {kind: a}}", "vars: {backend: {kind: b, x: y}}"],
            {"vars": {"backend": {"kind": "a", "x": "y"}}},
        ),
    ],
)
def test_merging(files: list[str], result: object) -> None:
    assert merged(*files) == result
    assert json.dumps(merged(*files)) == json.dumps(result)  # the order too


trees = st.recursive(
    st.sampled_from(["1", "2", None]) | st.just(["3"]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def _merged_as_data(base: Any, over: Any) -> Any:
    """Return what merging means, said in another way."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    names = [*base, *(name for name in over if name not in base)]
    return {
        name: base[name] if name not in over else _merged_as_data(base.get(name), over[name])
        for name in names
        if not (name in base and name in over and over[name] is None)
    }


def _nulls_as_text(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _nulls_as_text(value) for name, value in tree.items()}
    return "null" if tree is None else tree


@given(st.lists(st.dictionaries(st.sampled_from("abc"), trees, max_size=3), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_chain_of_files_is_merged_from_its_end(files: list[dict[str, Any]]) -> None:
    """Each file sees what its base came to, whatever stands in between."""
    expected: Any = {}
    for file in reversed(files):
        expected = _merged_as_data(expected, file)
    texts = ["vars: " + json.dumps(file) for file in files]
    assert merged(*texts) == {"vars": _nulls_as_text(expected)}
