"""Entries set in YAML text where it stands: what they are afterwards, and that all else keeps its bytes."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sealgen.yaml import layout, nodes
from sealgen.yaml.edits import said
from sealgen.yaml.entries import NotInPlaceError, with_entries, without_entry

TEXT = """\
---
# a file of ours
kind: SealedSecret
spec:
  encryptedData: # by key
    # the first
    a: one
    c: three

  template:
    metadata:
      labels: {}
      name: x
    type: |
      Opaque
"""


def changed(path: str, entries: dict[str, str], text: str = TEXT) -> tuple[list[str], list[str]]:
    """Return the lines that went and that came."""
    after = with_entries(text, path.split(".") if path else [], entries).splitlines()
    before = text.splitlines()
    return [line for line in before if line not in after], [line for line in after if line not in before]


def test_an_entry_that_is_there_is_written_anew_with_its_comments_kept() -> None:
    assert changed("spec.encryptedData", {"a": "new"}) == (["    a: one"], ["    a: new"])
    text = "a: 'x' # why\nb: |-\n  two\n  lines\n# end\n"
    assert with_entries(text, [], {"a": "c", "b": "d"}) == "a: c # why\nb: d\n# end\n"


def test_a_new_entry_comes_where_kubeseal_sorts_it() -> None:
    after = with_entries(TEXT, ["spec", "encryptedData"], {"b": "2", "0": "z", "d": "4"})
    assert (
        after.split("    # the first\n")[1].split("\n\n")[0]
        == '    "0": z\n    a: one\n    b: "2"\n    c: three\n    d: "4"'
    )


@pytest.mark.parametrize(
    "absent", ["", "\n      labels:", "\n      labels: {}", "\n      labels: null", "\n      labels: ~"]
)
def test_a_mapping_that_is_missing_or_empty_is_made(absent: str) -> None:
    text = TEXT.replace("\n      labels: {}", absent)
    assert with_entries(text, ["spec", "template", "metadata", "labels"], {"app": "a", "b": "yes"}) == text.replace(
        f"metadata:{absent}", 'metadata:\n      labels:\n        app: a\n        b: "yes"'
    )


def test_mappings_on_the_way_are_made_too() -> None:
    assert with_entries("a: b\n", ["x", "z"], {"k": "v"}) == "a: b\nx:\n  z:\n    k: v\n"
    assert with_entries("b: b", ["a"], {"k": "v"}) == "a:\n  k: v\nb: b"


def test_a_text_without_a_last_line_end_gets_one_before_what_is_added() -> None:
    assert with_entries("a: b", [], {"c": "d"}) == "a: b\nc: d\n"


def test_any_margin_is_kept() -> None:
    text = "a:\n   b:\n      c: d\n"
    assert with_entries(text, ["a"], {"e": "f"}) == "a:\n   b:\n      c: d\n   e: f\n"
    assert (
        with_entries(text, ["a", "b"], {"e": "f\ng\n"}) == "a:\n   b:\n      c: d\n      e: |\n        f\n        g\n"
    )


def test_nothing_to_set_changes_nothing() -> None:
    assert with_entries(TEXT, ["lost"], {}) == TEXT


@pytest.mark.parametrize("text", ["{a: b}\n", "a: {b: c}\n", "--- {a: {b: c}}\n", "? a\n: b: c\n"])
def test_what_is_laid_out_in_another_way_is_not_edited(text: str) -> None:
    nodes.parse(text, "file")
    with pytest.raises(NotInPlaceError):
        with_entries(text, ["a"], {"b": "d"})


KEYS = st.text(string.ascii_letters + string.digits + "-._", min_size=1, max_size=6)
VALUES = st.text(string.ascii_letters + " :#'\"\n-{}[]&*!|>%@0=~", max_size=90) | st.sampled_from(
    ["word " * 30, "a: " * 40]
)


@given(
    there=st.dictionaries(KEYS, VALUES, min_size=1, max_size=5),
    beside=st.dictionaries(KEYS, VALUES, max_size=3),
    added=st.dictionaries(KEYS, VALUES, min_size=1, max_size=5),
)
def test_any_entries_are_what_a_reader_finds_and_stay_in_kubeseals_layout(
    there: dict[str, str], beside: dict[str, str], added: dict[str, str]
) -> None:
    merged = {**there, **added}
    order = layout.in_order(tuple(merged))
    # Natural order has circles; then there is no one place for a new key.
    assume([key for key in order if key in there] == layout.in_order(tuple(there)))
    assume("in" not in beside)
    wanted = layout.dump({"data": {**beside, "in": merged}})
    after = with_entries(layout.dump({"data": {**beside, "in": there}}), ["data", "in"], added)
    assert said(nodes.parse(after, "after")) == said(nodes.parse(wanted, "wanted"))
    assert after == wanted


def test_an_entry_goes_with_its_lines_and_all_else_stays() -> None:
    text = "# ours\na: 1 # why\n\nb: |\n  two\n\n  lines\n# of c\nc:\n  d: x\n  e: y\n? f\n: z"
    assert without_entry(text, "a") == text.replace("a: 1 # why\n", "")
    assert without_entry(text, "b") == text.replace("b: |\n  two\n\n  lines\n", "")
    assert without_entry(text, "c") == text.replace("c:\n  d: x\n  e: y\n", "")
    assert without_entry(text, "f") == text.removesuffix("? f\n: z")
    with pytest.raises(NotInPlaceError):
        without_entry("{a: 1, b: 2}\n", "a")
