"""A time limit for a regular expression, which may need longer than the universe has."""

from __future__ import annotations

import re
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

SECONDS = 2.0
"""What matches at all matches a mebibyte in less."""


class TooSlowError(Exception):
    """The regular expression did not come to an end in time."""


def fullmatch(pattern: str, text: str, seconds: float) -> bool:
    """Tell whether all of ``text`` matches ``pattern``; raises TooSlowError where that takes longer than ``seconds``.

    Python hands signals to the main thread alone: in another there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        return re.fullmatch(pattern, text) is not None
    matching = True

    def stop(_number: int, _frame: FrameType | None) -> None:
        if matching:  # and not done meanwhile
            raise TooSlowError

    handler = signal.signal(signal.SIGALRM, stop)
    others = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        try:
            return re.fullmatch(pattern, text) is not None
        finally:
            matching = False
    finally:
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        delay, interval = others
        if delay:
            # Somebody else's alarm comes when it would have come, or at once where that is past.
            signal.setitimer(signal.ITIMER_REAL, max(delay - (seconds - left), 0.001), interval)
