"""Digests move with what a Secret is made of, and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st

from sealgen.kubernetes.sealed_secret import Scope
from sealgen.lock import Lock, LockedKey, LockedValue
from sealgen.reconcile.rollout import digests, made_of

if TYPE_CHECKING:
    from random import Random

names = st.sampled_from(["a", "b", "c", "a-b"])
hexadecimal = st.text("0123456789abcdef", min_size=64, max_size=64)
versions = st.from_regex(r"[1-9]-[0-9a-f]{8}", fullmatch=True)
keys = st.builds(
    LockedKey,
    filename=st.sampled_from(["a.yaml", "b.yaml"]),
    namespace=st.sampled_from(["aura", "aurora"]),
    scope=st.sampled_from(Scope),
    recipe=hexadecimal,
    values=st.dictionaries(names, versions, max_size=3),
    certificate=st.sampled_from(["SHA256:one", "SHA256:two"]),
    ciphertext=hexadecimal,
)
locks = st.dictionaries(st.tuples(names, names), keys, min_size=1, max_size=6).map(lambda found: Lock(keys=found))


def of(lock: Lock) -> dict[str, str]:
    return digests(made_of(lock))


@given(locks, keys, st.data())
def test_sealing_the_same_again_moves_nothing(lock: Lock, other: LockedKey, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(sorted(lock.keys)))
    again = replace(other, recipe=lock.keys[place].recipe, values=lock.keys[place].values)
    assert of(replace(lock, keys={**lock.keys, place: again})) == of(lock)


@given(locks, st.randoms())
def test_the_order_of_keys_and_values_makes_no_difference(lock: Lock, random: Random) -> None:
    places = list(lock.keys)
    random.shuffle(places)
    turned = {
        place: replace(lock.keys[place], values=dict(reversed(list(lock.keys[place].values.items()))))
        for place in places
    }
    assert of(Lock(keys=turned)) == of(lock)


@given(locks, hexadecimal, versions, st.data())
def test_each_change_of_what_a_key_is_made_of_moves_its_secret_alone(
    lock: Lock, recipe: str, version: str, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from(sorted(lock.keys)))
    locked = lock.keys[place]
    value = data.draw(names)
    assume(recipe != locked.recipe and locked.values.get(value) != version)
    free = (place[0], "another")
    for changed in (
        {**lock.keys, place: replace(locked, recipe=recipe)},
        {**lock.keys, place: replace(locked, values={**locked.values, value: version})},
        {**lock.keys, free: locked},
        {free if other == place else other: found for other, found in lock.keys.items()},
        {other: found for other, found in lock.keys.items() if other != place},
    ):
        before, after = of(lock), of(Lock(keys=changed))
        assert before.pop(place[0]) != after.pop(place[0], None)
        assert before == after


@given(locks)
def test_what_the_lock_says_beside_its_keys_moves_nothing(lock: Lock) -> None:
    told = replace(lock, fingerprint_key="0" * 16, values={"a": LockedValue("1-00000000", "2026-01-01", "0" * 64)})
    assert of(told) == of(lock)


def test_a_digest_is_what_the_page_says() -> None:
    key = LockedKey("a.yaml", "aura", Scope.STRICT, "r", {"b": "2", "a": "1"}, "SHA256:x", "c")
    # sha256sum of [["key","r",[["a","1"],["b","2"]]]]
    assert of(Lock(keys={("a", "key"): key})) == {
        "a": "43e44fa87ebf72cbee5ab5f3808de44059d2e45e97d28a70c0cd7b569b02522c"
    }
