"""JSON in the layout of kubeseal."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sealgen.kubeseal.layout import to_json


def test_fields_stand_in_gos_order_and_keys_of_maps_are_sorted() -> None:
    place = {"annotations": {"b": "<&>", "a": "\u2028"}, "namespace": "n", "name": "x", "unknown": "z", "labels": {}}
    spec = {"encryptedData": {"b": "1", "A": "2"}, "template": {"type": "Opaque", "metadata": place}}
    text = to_json({"spec": spec, "apiVersion": "v", "kind": "SealedSecret", "metadata": place, "status": None})
    metadata = (
        '{"name": "x", "namespace": "n", "labels": {}, '
        '"annotations": {"a": "\\u2028", "b": "\\u003c\\u0026\\u003e"}, "unknown": "z"}'
    )
    assert " ".join(text.split()).replace("{ ", "{").replace(" }", "}") == (
        f'{{"kind": "SealedSecret", "apiVersion": "v", "metadata": {metadata}, '
        f'"spec": {{"template": {{"metadata": {metadata}, "type": "Opaque"}}, '
        '"encryptedData": {"A": "2", "b": "1"}}, "status": null}'
    )
    assert text.startswith('{\n  "kind": "SealedSecret",\n  "apiVersion": "v",\n  "metadata": {\n    "name": "x",\n')
    assert text.endswith("}\n")


@given(st.dictionaries(st.text(), st.text() | st.booleans() | st.lists(st.text(), max_size=3), max_size=6))
def test_it_says_what_it_was_given(labels: dict[str, object]) -> None:
    tree = {"kind": "SealedSecret", "metadata": {"name": "a", "labels": labels}}
    assert json.loads(to_json(tree)) == tree
