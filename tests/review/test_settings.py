"""A policy that allows more is a matter of trust; one that allows less is told and no more."""

from __future__ import annotations

import pytest

from sealgen.config.environment import Environment, load
from sealgen.review.change import Change, Level, Word
from sealgen.review.settings import settings_changes


def environment(policy: str) -> Environment:
    content = f"namespace: a\nbackend: {{kind: plain}}\nsecrets: []\n{policy}"
    return load("staging", lambda _: content.encode())


def changes(before: str, after: str) -> list[Change]:
    """Return what is told of an environment with one policy and then the other."""
    return settings_changes(environment(before), environment(after))


@pytest.mark.parametrize(
    ("before", "after", "detail", "level"),
    [
        ("policy: {max_age: 90d}\n", "", "policy changed: it allows more", Level.TRUST),
        ("policy: {max_age: 90d}\n", "policy: {max_age: 1y}\n", "policy changed: it allows more", Level.TRUST),
        ("policy: {min_entropy: 128}\n", "policy: {min_entropy: 64}\n", "policy changed: it allows more", Level.TRUST),
        ("", "policy: {max_age: 90d}\n", "policy changed", Level.PLAIN),
    ],
)
def test_a_policy_that_changed_is_told(before: str, after: str, detail: str, level: Level) -> None:
    assert changes(before, after) == [Change(Word.SETTING, detail, file="environments/staging.yaml", level=level)]
    assert changes(after, after) == []
