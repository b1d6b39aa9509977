"""A regular expression that would match for ever is stopped, and the process's alarms are left as they were."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from sealgen.values.time_limit import TooSlowError, fullmatch

CATASTROPHE = r"(a+)+b"


def test_it_is_a_match_of_the_whole_text() -> None:
    assert fullmatch("a+", "aa", 1)
    assert not fullmatch("a+", "aab", 1)


def test_a_match_that_takes_too_long_is_stopped() -> None:
    start = time.monotonic()
    with pytest.raises(TooSlowError):
        fullmatch(CATASTROPHE, "a" * 64, seconds=0.05)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("pattern", ["a+", CATASTROPHE])
def test_alarms_are_left_as_they_were(pattern: str) -> None:
    rung: list[int] = []

    def ring(number: int, _: object) -> None:
        rung.append(number)

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 60, 7)
        try:
            fullmatch(pattern, "a" * 64, seconds=0.05)
        except TooSlowError:
            assert pattern == CATASTROPHE
        assert signal.getsignal(signal.SIGALRM) is ring
        left, interval = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 50 < left <= 60
        assert interval == 7
        # One that came due meanwhile comes at once.
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        with pytest.raises(TooSlowError):
            fullmatch(CATASTROPHE, "a" * 64, seconds=0.05)
        time.sleep(0.05)
        assert rung == [signal.SIGALRM]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_another_thread_matches_without_a_limit() -> None:
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(fullmatch("a+", "aa", 1)))
    thread.start()
    thread.join()
    assert found == [True]
