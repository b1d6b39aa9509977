"""Locks and sealed manifests merge by value, key and field; what both sides changed conflicts, and visibly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.kubernetes.sealed_secret import Scope, SealedSecret, read, to_yaml
from sealgen.review.merge import Merged, merge

KEYS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["AgA1", "AgB2", "AgC3"]), min_size=1)
LABELS = st.dictionaries(st.sampled_from(["app", "tier", "zone"]), st.sampled_from(["x", "y", 'it\'s "so"']))


def manifest(keys: dict[str, str], labels: dict[str, str]) -> bytes:
    sealed = SealedSecret("app", "aura", Scope.STRICT, keys, "Opaque", labels, {}, None)
    return to_yaml(sealed).encode()


def three_way(base: dict[str, str], ours: dict[str, str], theirs: dict[str, str]) -> tuple[dict[str, str], set[str]]:
    """Return what each key is to be, and the keys that both sides changed, each in its own way."""
    merged, conflicts = {}, set()
    for key in {*base, *ours, *theirs}:
        before, mine, yours = base.get(key), ours.get(key), theirs.get(key)
        kept = mine if yours in (mine, before) else yours
        if mine not in (before, yours) and yours != before:
            conflicts.add(key)
        elif kept is not None:
            merged[key] = kept
    return merged, conflicts


@given(KEYS, KEYS, KEYS, LABELS, LABELS, LABELS)
def test_each_key_and_each_label_of_a_manifest_is_merged_by_itself(
    base: dict[str, str],
    ours: dict[str, str],
    theirs: dict[str, str],
    base_labels: dict[str, str],
    our_labels: dict[str, str],
    their_labels: dict[str, str],
) -> None:
    merged = merge(manifest(base, base_labels), manifest(ours, our_labels), manifest(theirs, their_labels))
    keys, conflicts = three_way(base, ours, theirs)
    labels, label_conflicts = three_way(base_labels, our_labels, their_labels)
    conflicts |= label_conflicts
    if merged is None:
        # Nothing is left of what both have, or one side removed all that the other one added to.
        assert not (keys and labels and our_labels and their_labels)
    elif conflicts:
        assert merged.conflicts == len(conflicts)
        assert merged.content.count(b"<<<<<<< ours\n") >= 1
    else:
        assert merged == Merged(manifest(keys, labels), 0)
        assert read(merged.content, "merged").encrypted_data == keys


VALUE = '{"value":"%s","version":"%s","date":"2026-01-01","specification":"0"}\n'
KEY = '{"secret":"%s","key":"%s","ciphertext":"%s"}\n'
HEADER = '{"sealgen":"lock","format":1}\n'


def lock(values: dict[str, str], keys: dict[str, str]) -> bytes:
    lines = [VALUE % entry for entry in sorted(values.items())]
    return "".join([HEADER, *lines, *(KEY % ("app", *entry) for entry in sorted(keys.items()))]).encode()


@given(KEYS, KEYS, KEYS, KEYS, KEYS, KEYS)
def test_each_line_of_a_lock_is_merged_by_itself(
    base: dict[str, str],
    ours: dict[str, str],
    theirs: dict[str, str],
    base_keys: dict[str, str],
    our_keys: dict[str, str],
    their_keys: dict[str, str],
) -> None:
    merged = merge(lock(base, base_keys), lock(ours, our_keys), lock(theirs, their_keys))
    values, conflicts = three_way(base, ours, theirs)
    keys, key_conflicts = three_way(base_keys, our_keys, their_keys)
    assert merged is not None
    assert merged.conflicts == len(conflicts) + len(key_conflicts)
    if not merged.conflicts:
        assert merged.content == lock(values, keys)


def test_neighbours_that_both_sides_changed_share_one_conflict() -> None:
    merged = merge(
        manifest({"a": "1", "b": "1", "c": "1"}, {}),
        manifest({"a": "2", "b": "2", "c": "1"}, {}),
        manifest({"a": "3", "b": "3", "c": "2"}, {}),
    )
    assert merged is not None
    assert merged.conflicts == 2
    assert merged.content.decode().partition("  encryptedData:\n")[2].partition("  template:")[0] == (
        '<<<<<<< ours\n    a: "2"\n    b: "2"\n=======\n    a: "3"\n    b: "3"\n>>>>>>> theirs\n    c: "2"\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        b"resources:\n- a.yaml\n",
        b"b: 1\na: 1\n",
        b"a: 1\na: 1\n",
        b"a: |\n  x\n",
        b"# comment\na: 1\n",
        b"a: 1",
        b'{"sealgen":"lock"}\nnot json\n',
        b'{"sealgen":"lock"}\n[]\n',
        b"<<<<<<< ours\na: 1\n=======\na: 2\n>>>>>>> theirs\n",
    ],
)
def test_what_sealgen_did_not_write_so_is_a_text_like_any_other(text: bytes) -> None:
    assert merge(text, text, text) is None


def test_a_file_that_both_sides_added_has_no_base() -> None:
    assert merge(b"", b"a: 1\n", b"a: 1\nb: 2\n") == Merged(b"a: 1\nb: 2\n", 0)
