"""The time that is left for something, all of its tries together."""

from __future__ import annotations

import time


class Passed(Exception):  # noqa: N818  (a moment)
    """There is no time left."""


class Deadline:
    """A moment, ``seconds`` from when it is made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Return how many seconds are left; raises Passed where there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise Passed
        return left
