"""Durations mean what Go takes them for, however they are written."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealgen.kubernetes.duration import duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1h", 3600),
        ("1h0m0s", 3600),
        ("1.5h", 5400),
        ("90m", 5400),
        ("0", 0),
        ("0s", 0),
        (".5s", 0.5),
        ("5.s", 5),
        ("-1m", -60),
        ("+1m", 60),
        ("1h2m3.000004s", 3723.000004),
        ("1ms1us1µs1000ns", 0.001003),
    ],
)
def test_a_duration_is_what_go_takes_it_for(text: str, seconds: float) -> None:
    assert duration(text) == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1d", "1h ", "1 h", "-", ".s", "1h2", "1e3s", "9" * 40 + "h"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration(text) is None


@given(st.integers(0, 10**15))
def test_the_words_of_go_for_a_duration_are_that_duration(microseconds: int) -> None:
    hours, rest = divmod(microseconds, 3_600_000_000)
    minutes, rest = divmod(rest, 60_000_000)
    text = f"{hours}h{minutes}m{rest // 1_000_000}.{rest % 1_000_000:06}s"
    assert duration(text) == dt.timedelta(microseconds=microseconds)
