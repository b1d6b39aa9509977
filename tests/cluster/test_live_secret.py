"""A live Secret is given out only with every link of the proof that the controller made it from its SealedSecret."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.cluster import live_secret
from sealgen.cluster.connection import ApiError
from sealgen.errors import CannotTell
from tests.support.live import sealed_path, secret, secret_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sealgen.cluster.live_secret import LiveSecret

SEALED: dict[str, Any] = {
    "metadata": {"name": "app", "namespace": "aura", "uid": "1-2-3", "generation": 4},
    "spec": {"encryptedData": {"A": "AgA=", "B": "AgB="}, "template": {"metadata": {}}},
    "status": {"observedGeneration": 4, "conditions": [{"type": "Synced", "status": "True"}]},
}
SECRET = secret(SEALED, {"A": b"a value", "B": b"\xff\x00"})


class Objects:
    """Answers as an API server that has these two objects; what is no mapping it can't give."""

    server = "https://cluster"

    def __init__(self, sealed: Any, secret: Any) -> None:
        self._objects = {sealed_path("aura", "app"): sealed, secret_path("aura", "app"): secret}

    def get(self, path: str) -> Any:
        if self._objects[path] is None:
            raise ApiError("no", 404)
        return self._objects[path]


def read(sealed: Any = SEALED, secret: Any = SECRET) -> LiveSecret:
    return live_secret.read(Objects(sealed, secret), "aura", "app")  # type: ignore[arg-type]


def given_out(sealed: Any, secret: Any) -> dict[str, tuple[str | None, bytes]]:
    """Return what is given out, with the ciphertext that it is said to be from."""
    try:
        live = read(sealed, secret)
    except CannotTell:
        return {}
    return {key: (live.ciphertexts.get(key), value.reveal()) for key, value in live.data.items()}


def test_the_controller_s_secret_is_given_with_its_ciphertexts() -> None:
    live = read()
    assert live.ciphertexts == {"A": "AgA=", "B": "AgB="}
    assert {key: value.reveal() for key, value in live.data.items()} == {"A": b"a value", "B": b"\xff\x00"}
    assert "a value" not in repr(live)


def paths(node: Any, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every node below the root."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, below in entries:
        yield (*above, name)
        yield from paths(below, *above, name)


def changed(node: Any, path: tuple[str | int, ...], to: Any) -> Any:
    """Return JSON data with one node, by its path, taken out (``...``) or replaced."""
    root = found = copy.deepcopy(node)
    for name in path[:-1]:
        found = found[name]
    if to is ...:
        del found[path[-1]]
    else:
        found[path[-1]] = to
    return root


# What proves nothing: an object's name is its place, who wrote is only to be one, the rest is of the other key.
NO_PROOF = {"apiVersion", "kind", "type", "name", "namespace", "manager", "operation", "fieldsType", ".", "f:type"}
OF_A_VALUE = {("data",), ("data", "A"), ("spec", "encryptedData"), ("spec", "encryptedData", "A"), ("spec",)}
LINKS = [
    (kind, path)
    for kind, root in (("sealed", SEALED), ("secret", SECRET))
    for path in paths(root)
    if "ownerReferences" in path or path[-1] in ("type", "status") or not NO_PROOF & set(map(str, path))
    if path[-1] not in ("B", "f:B") and path[:2] != ("spec", "template") and path not in OF_A_VALUE
    if path != ("type",)
]


@pytest.mark.parametrize("to", [..., None, "another", 5, []], ids=repr)
@pytest.mark.parametrize(("kind", "path"), LINKS, ids=str)
def test_no_link_of_the_proof_can_be_left_out_or_be_another(kind: str, path: tuple[str | int, ...], to: Any) -> None:
    if path[-1] in ("f:A", 'k:{"uid":"1-2-3"}'):
        to = ...  # What counts is that it is there.
    sealed, secret = (changed(SEALED, path, to), SECRET) if kind == "sealed" else (SEALED, changed(SECRET, path, to))
    assert "A" not in given_out(sealed, secret)


@pytest.mark.parametrize("to", [..., None, "no base64", 5, []], ids=repr)
def test_a_value_that_is_none_is_not_given(to: Any) -> None:
    assert "A" not in given_out(SEALED, changed(SECRET, ("data", "A"), to))
    assert given_out(SEALED, changed(SECRET, ("data",), to)) == {}
    without = given_out(changed(SEALED, ("spec", "encryptedData"), to), SECRET)
    assert without == {"A": (None, b"a value"), "B": (None, b"\xff\x00")}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "status"]), JSON), JSON)
@settings(max_examples=100, deadline=None)
def test_an_answer_of_any_form_proves_nothing_and_crashes_nothing(sealed: Any, secret: Any) -> None:
    assert given_out(sealed, SECRET) == {}
    assert given_out(SEALED, secret if isinstance(secret, dict) else {}) == {}


def test_a_key_that_another_client_wrote_is_not_given() -> None:
    edited = copy.deepcopy(SECRET)
    (entry,) = edited["metadata"]["managedFields"]
    del entry["fieldsV1"]["f:data"]["f:A"]
    edited["metadata"]["managedFields"].append({"manager": "kubectl-edit", "fieldsV1": {"f:data": {"f:A": {}}}})
    assert given_out(SEALED, edited) == {"B": ("AgB=", b"\xff\x00")}
    # Nor one that somebody else says to write too.
    edited["metadata"]["managedFields"][0]["fieldsV1"]["f:data"]["f:A"] = {}
    assert given_out(SEALED, edited) == {"B": ("AgB=", b"\xff\x00")}


def test_what_the_template_renders_is_of_no_ciphertext() -> None:
    rendered = changed(SEALED, ("spec", "template", "data"), {"A": "{{ .B }}"})
    assert given_out(rendered, SECRET) == {"A": (None, b"a value"), "B": ("AgB=", b"\xff\x00")}


@pytest.mark.parametrize("to", [..., None], ids=repr)
def test_what_is_absent_on_both_sides_proves_nothing(to: Any) -> None:
    no_generation = changed(changed(SEALED, ("metadata", "generation"), to), ("status", "observedGeneration"), to)
    assert given_out(no_generation, SECRET) == {}
    no_uid = changed(SECRET, ("metadata", "ownerReferences", 0, "uid"), to)
    fields = ("metadata", "managedFields", 0, "fieldsV1", "f:metadata", "f:ownerReferences")
    assert given_out(changed(SEALED, ("metadata", "uid"), to), changed(no_uid, fields, {'k:{"uid":"None"}': {}})) == {}


def test_a_ciphertext_that_is_no_text_is_none() -> None:
    assert read(changed(SEALED, ("spec", "encryptedData", "A"), 5)).ciphertexts == {"B": "AgB="}


def test_names_are_quoted_in_the_path() -> None:
    class Noted:
        server = "https://cluster"

        def get(self, path: str) -> Any:
            raise ApiError(path, 403)

    with pytest.raises(CannotTell) as caught:
        live_secret.read(Noted(), "a/b", "c?d")  # type: ignore[arg-type]
    assert str(caught.value) == "/apis/bitnami.com/v1alpha1/namespaces/a/b/sealedsecrets/c%3Fd"
