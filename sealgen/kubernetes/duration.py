"""Durations as Go and Kubernetes write them. Pure.

Source: Go's ``time.ParseDuration``.
"""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction

_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_MICROSECONDS = {
    "ns": Fraction(1, 1000),
    "us": Fraction(1),
    "µs": Fraction(1),
    "μs": Fraction(1),
    "ms": Fraction(1000),
    "s": Fraction(1_000_000),
    "m": Fraction(60_000_000),
    "h": Fraction(3_600_000_000),
}


def duration(text: str) -> dt.timedelta | None:
    """Read ``1h30m`` or ``0``, to the microsecond; None for what is no duration, or a longer one than Python knows."""
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if digits == "0":
        return dt.timedelta()
    parts = _PART.findall(digits)
    if not parts or "".join(map("".join, parts)) != digits:
        return None
    total = sum(Fraction(number) * _MICROSECONDS[unit] for number, unit in parts)
    try:
        return dt.timedelta(microseconds=int(sign * total))
    except OverflowError:
        return None
