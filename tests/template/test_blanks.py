"""A blank stands for text that YAML takes as it takes the blank, and comes back as that text."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sealgen.errors import SealgenError
from sealgen.template.blanks import Mask, blank, filled, numbers, shape
from sealgen.template.opaque import Opaque, OpaqueError
from sealgen.yaml.nodes import Scalar, parse

INERT = ["a", "Z", "a1", "db.example.com", "kubernetes.io/tls", "a-b_c", "a-", "x" * 128]
NOT_INERT = [
    "",
    " ",
    "1a",
    "-a",
    ".a",
    "/a",
    "_a",
    "a b",
    "a:b",
    "a#b",
    "a\n",
    "a,b",
    "a[b",
    "é",
    "aé",
    "a'b",
    "x" * 129,
]

inert = st.from_regex(r"[A-Za-z][A-Za-z0-9_./-]{0,20}", fullmatch=True)


@pytest.mark.parametrize("text", INERT)
def test_text_that_means_nothing_to_yaml_is_hidden(text: str) -> None:
    mask = Mask()
    hidden = mask.hidden(text)
    assert isinstance(hidden, Opaque)
    assert (hidden.recipe, mask.texts) == ((blank(0),), [text])
    with pytest.raises(OpaqueError):
        bool(hidden)


@pytest.mark.parametrize("data", [*NOT_INERT, 0, 7, True, False, None, [], {}, ["a b", 1], {"a": "1", "b": None}])
def test_all_else_stays_as_it_is(data: object) -> None:
    mask = Mask()
    assert mask.hidden(data) == data  # type: ignore[arg-type]
    assert mask.texts == []


def test_a_blank_counts_as_much_as_the_longest_text_that_it_may_stand_for() -> None:
    for text in INERT:
        hidden = Mask().hidden(text)
        assert isinstance(hidden, Opaque)
        assert hidden.size >= max(map(len, INERT))


def test_what_is_in_lists_and_mappings_is_hidden_in_its_order_and_keys_are_not() -> None:
    mask = Mask()
    hidden = mask.hidden({"k": ["one", "1", {"one": "two"}], "j": "three"})
    assert mask.texts == ["one", "two", "three"]
    assert shape(hidden) == shape(Mask().hidden({"k": ["x", "1", {"one": "y"}], "j": "z"}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "1"),
        ("a", ["a"]),
        ("1", 1),
        (1, True),
        (0, False),
        (None, False),
        ("", None),
        ([], {}),
        (["a"], ["a", "a"]),
        ({"a": "x"}, {"b": "x"}),
        ({"a": "x", "b": "y"}, {"b": "y", "a": "x"}),
        ({"a": 1}, {"a": True}),
    ],
)
def test_what_differs_in_more_than_inert_text_has_another_shape(one: object, other: object) -> None:
    assert shape(Mask().hidden(one)) != shape(Mask().hidden(other))  # type: ignore[arg-type]


def test_text_beyond_the_last_number_of_a_blank_stays() -> None:
    mask = Mask()
    hidden = mask.hidden(["a"] * 10_001)
    assert isinstance(hidden, list)
    assert [type(item) for item in hidden[-2:]] == [Opaque, str]
    assert numbers(blank(9_999)) == ["9999"]


@given(st.lists(inert, min_size=1, max_size=12), st.text(max_size=5), st.text(max_size=5))
def test_blanks_are_found_and_filled_wherever_they_stand(texts: list[str], before: str, between: str) -> None:
    blanks = [blank(number) for number in range(len(texts))]
    joined = before + between.join(blanks)
    assert numbers(joined) == [f"{number:04}" for number in range(len(texts))]
    assert filled(joined, texts) == before + between.join(texts)


@given(
    st.lists(inert, min_size=1, max_size=3), st.text("aZ09 -._/:#,'\"[]{}|>\\%&*!\n", max_size=12), st.integers(0, 12)
)
def test_yaml_reads_a_document_with_blanks_as_it_reads_it_with_their_texts(
    texts: list[str], around: str, place: int
) -> None:
    written = "".join(map(blank, range(len(texts))))
    document = f"k: {around[:place]}{written}{around[place:]}\n"
    try:
        hidden = parse(document, "f.yaml")
    except SealgenError:
        assume(False)
    assume(document.count(written) == 1)
    shown = parse(filled(document, texts), "f.yaml")
    scalars = [list(_scalars(node)) for node in (hidden, shown)]
    assume(sum(len(numbers(text)) for text in scalars[0]) == len(texts))
    assert [filled(text, texts) for text in scalars[0]] == scalars[1]


def _scalars(node: object) -> list[str]:
    if isinstance(node, Scalar):
        return [node.text]
    items = getattr(node, "items", None)
    if isinstance(items, tuple):
        return [text for item in items for text in _scalars(item)]
    entries = getattr(node, "entries", {})
    return [text for key, value in entries.values() for text in (*_scalars(key), *_scalars(value))]
