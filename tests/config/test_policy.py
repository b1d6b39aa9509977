"""``policy:`` says how hard values are to guess and how old they become; a file may loosen what it extends, seen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.config.environment import load
from sealgen.config.policy import Policy
from sealgen.errors import ConfigurationError
from sealgen.values.generate import GENERATORS


def policy(own: str, base: str = "{}") -> Policy:
    """Return the policy of an environment that says this, and whose base says that."""
    files = {
        "environments/base.yaml": f"policy: {base}\n",
        "environments/staging.yaml": (
            f"extends: base\nnamespace: aura\nbackend: {{kind: plain}}\nsecrets: []\npolicy: {own}\n"
        ),
    }
    return load("staging", lambda path: files[path].encode()).policy


@pytest.mark.parametrize(
    ("own", "base", "expected"),
    [
        ("{}", "{}", Policy()),
        ("{min_entropy: 128, max_age: 1y}", "{}", Policy({"others": 128}, 365)),
        ("{min_entropy: {password: 80, others: 128}}", "{}", Policy({"password": 80, "others": 128}, None)),
        (
            "{min_entropy: {password: 80}}",
            "{min_entropy: {others: 128}}",
            Policy({"others": 128, "password": 80}, None),
        ),
        ("{min_entropy: {password: 80}}", "{min_entropy: 128, max_age: 90d}", Policy({"password": 80}, 90)),
        ("{max_age: ~}", "{min_entropy: 128, max_age: 90d}", Policy({"others": 128}, None)),
    ],
)
def test_it_is_merged_as_the_rest_is(own: str, base: str, expected: Policy) -> None:
    assert policy(own, base) == expected


def test_others_is_for_those_that_are_not_named() -> None:
    found = policy("{min_entropy: {password: 80, others: 128}}")
    assert {name: found.least_entropy(name) for name in GENERATORS} == {
        name: 80 if name == "password" else 128 for name in GENERATORS
    }
    assert policy("{min_entropy: {password: 80}}").least_entropy("hex") == 0


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("{min_entropy: 0}", "5:23: policy.min_entropy must be a whole number from 1 to 32768, not 0"),
        ("{min_entropy: 32769}", "5:23: policy.min_entropy must be a whole number from 1 to 32768, not 32769"),
        ("{min_entropy: 128 bits}", "5:23: policy.min_entropy must be a whole number from 1 to 32768, not 128 bits"),
        (
            "{min_entropy: '128'}",
            "5:23: policy.min_entropy must be a whole number from 1 to 32768, without quotes",
        ),
        ("{min_entropy: [128]}", "5:23: policy.min_entropy must be a whole number from 1 to 32768, not a list"),
        (
            "{min_entropy: {pasword: 80}}",
            "5:24: policy.min_entropy can't be 'pasword'; did you mean 'password'?",
        ),
        (
            "{min_entropy: {hex: strong}}",
            "5:29: policy.min_entropy.hex must be a whole number from 1 to 32768, not strong",
        ),
        ("{max_age: 365}", "5:19: policy.max_age must be a duration such as 30d, 12w, 2y, not '365'"),
        ("{max_age: 0d}", "5:19: policy.max_age must be a duration such as 30d, 12w, 2y, not '0d'"),
        ("{max_agee: 1y}", "5:10: unknown field 'policy.max_agee'; did you mean 'max_age'?"),
        ("strict", "5:9: policy must be a mapping"),
        ("[max_age]", "5:9: policy must be a mapping"),
    ],
)
def test_what_it_can_not_say(own: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        policy(own)
    assert str(caught.value) == f"environments/staging.yaml:{message}"


POLICIES = st.builds(
    Policy,
    st.dictionaries(st.sampled_from([*GENERATORS, "others"]), st.integers(1, 256), max_size=3),
    st.none() | st.integers(1, 400),
)


def allows(policy: Policy, generator: str, bits: int, age: int) -> bool:
    return bits >= policy.least_entropy(generator) and (policy.max_age is None or age <= policy.max_age)


@given(POLICIES, POLICIES)
@settings(deadline=None)
def test_a_weaker_policy_allows_what_the_other_does_not(one: Policy, other: Policy) -> None:
    bits = {0, *one.min_entropy.values(), *other.min_entropy.values()}
    ages = {policy.max_age for policy in (one, other) if policy.max_age} | {1000}
    more = any(
        allows(one, name, number, 0) and not allows(other, name, number, 0) for name in GENERATORS for number in bits
    ) or any(allows(one, "hex", 999, age) and not allows(other, "hex", 999, age) for age in ages)
    assert one.is_weaker(other) is more
