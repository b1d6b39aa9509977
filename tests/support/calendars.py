"""Calendars, as another program reads them."""

from __future__ import annotations

from typing import Any

import icalendar


def events(document: str) -> list[Any]:
    """Return the events of a calendar."""
    found: list[Any] = list(icalendar.Calendar.from_ical(document).walk("VEVENT"))
    return found
