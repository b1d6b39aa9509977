"""When it is too long ago that an ExternalSecret was refreshed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sealgen.status import external

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
READY = {"type": "Ready", "status": "True"}


def is_late(
    ago: dt.timedelta | None, interval: str, *, ready: str = "True", synced: str = "3-0a1b", **spec: Any
) -> bool:
    """Tell whether one that was refreshed so long ago is told of."""
    status: dict[str, Any] = {"conditions": [{**READY, "status": ready}], "syncedResourceVersion": synced}
    if ago is not None:
        status["refreshTime"] = f"{NOW - ago:%Y-%m-%dT%H:%M:%SZ}"
    found = {
        "metadata": {"name": "one", "namespace": "aura", "generation": 3},
        "spec": {"refreshInterval": interval, **spec},
        "status": status,
    }
    return bool(list(external.late([external.applied(found)], NOW)))


@pytest.mark.parametrize(
    ("interval", "most"),
    [
        ("1h", dt.timedelta(hours=2, minutes=5)),
        ("1h0m0s", dt.timedelta(hours=2, minutes=5)),
        ("1s", dt.timedelta(minutes=5, seconds=2)),
        ("720h", dt.timedelta(days=60, minutes=5)),
    ],
)
def test_it_is_twice_the_interval_and_what_clocks_may_differ_by(interval: str, most: dt.timedelta) -> None:
    assert not is_late(most, interval)
    assert is_late(most + dt.timedelta(seconds=1), interval)


@pytest.mark.parametrize(
    "said",
    [
        {"interval": "0"},
        {"interval": "0s"},
        {"interval": "-1h"},
        {"interval": "1h", "refreshPolicy": "CreatedOnce"},
        {"interval": "1h", "refreshPolicy": "OnChange"},
        {"interval": "1h", "ready": "False"},
        {"interval": "1h", "synced": "2-0a1b"},
    ],
)
def test_what_is_not_refreshed_again_or_is_told_of_already_is_not_late(said: dict[str, str]) -> None:
    assert is_late(dt.timedelta(days=400), "1h")
    assert not is_late(dt.timedelta(days=400), **said)


def test_what_was_never_refreshed_or_by_a_clock_that_is_ahead_is_not_late() -> None:
    assert not is_late(None, "1h")
    assert not is_late(dt.timedelta(days=-1), "1h")
