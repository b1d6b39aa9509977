"""A review is told where the programs that a rotation runs are others, and nothing where only their names are."""

from __future__ import annotations

import pytest

from sealgen.config import environment as config
from sealgen.review.change import Level
from sealgen.review.settings import settings_changes

BASE = "namespace: aura\nbackend: {kind: plain}\nsecrets: []\nvalues: {one: {generate: hex%s}, two: {generate: hex}}\n"
OLD = ", rotation: {after: [{run: [a, b], stdin: '{{ values.one }}'}]}"
TOLD = ["the steps around one: 'sealgen rotate --execute' runs these programs"]


def changes(before: str, after: str) -> list[str]:
    ends = (config.load("aura", {"environments/aura.yaml": (BASE % end).encode()}.get) for end in (before, after))
    found = settings_changes(*ends)
    assert {change.level for change in found} <= {Level.TRUST}
    return [change.detail for change in found]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("", OLD, TOLD),
        (OLD, OLD, []),
        (OLD, OLD.replace("[a, b]", "[a, c]"), TOLD),
        (OLD, OLD.replace("values.one", "values.two"), TOLD),
        (OLD, OLD.replace("after:", "before:"), TOLD),
        (OLD, OLD.replace("run:", "rollback: [undo], run:"), TOLD),
        (OLD, OLD.replace("run:", "name: it, run:"), []),
        (OLD, "", []),
    ],
)
def test_other_programs_are_told(before: str, after: str, told: list[str]) -> None:
    assert changes(before, after) == told
