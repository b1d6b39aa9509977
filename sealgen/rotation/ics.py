"""Schedules as a calendar that people subscribe to or import: one all-day event a value. Pure.

Source: iCalendar, RFC 5545: lines end with CR LF and are folded at 75 octets (3.1), texts are escaped (3.3.11). Events
are the same from day to day, until a value has a new version: a calendar that is kept in Git or polled does not change.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

from sealgen.rotation.schedule import days, notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_OURS = uuid.UUID("6f0d3c1e-52a7-4d0b-9a55-0f2b3a1c8e74")
"""The space of names in which events have theirs; it never changes, or calendars would show every event twice."""
_FOLD = 75  # octets of a line, without its end
_MORNING = 9  # o'clock where the calendar is read: an alarm of an all-day event counts from midnight


def calendar(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the results of an envelope as a calendar."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//sealgen//sealgen due//EN", "CALSCALE:GREGORIAN"]
    for result in results:
        for value in result["values"]:
            lines += _event(result["environment"], result["namespace"], value)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _event(environment: str, namespace: str, value: Mapping[str, Any]) -> Iterator[str]:
    name, rotated = value["value"], dt.date.fromisoformat(value["rotated"])
    summary = text(f"Rotate {name} of {environment}")
    how = (
        f"sealgen rotate {environment} {name}" if value["made"] else f"It is read ({value['source']}): change it there."
    )
    description = f"Version of {rotated}, every {days(value['every'])}.\n{how}"
    yield "BEGIN:VEVENT"
    # The same for every version of a value: where a calendar was imported, the next import moves the event.
    yield f"UID:{uuid.uuid5(_OURS, f'{namespace}/{environment}/{name}')}"
    yield f"DTSTAMP:{_day(rotated)}T000000Z"
    yield f"DTSTART;VALUE=DATE:{_day(dt.date.fromisoformat(value['due']))}"
    yield f"SUMMARY:{summary}"
    yield f"DESCRIPTION:{text(description)}"
    yield "TRANSP:TRANSPARENT"
    yield "BEGIN:VALARM"
    yield "ACTION:DISPLAY"
    yield f"TRIGGER:{_ahead(notice(value['every']))}"
    yield f"DESCRIPTION:{summary}"
    yield "END:VALARM"
    yield "END:VEVENT"


def _day(date: dt.date) -> str:
    return f"{date.year:04}{date.month:02}{date.day:02}"


def _ahead(number: int) -> str:
    """Return the duration from the midnight that begins an event to the morning so many days before."""
    if number == 0:
        return f"PT{_MORNING}H"
    whole = f"{number - 1}D" if number > 1 else ""
    return f"-P{whole}T{24 - _MORNING}H"


def text(content: str) -> str:
    """Return a text as a property's value."""
    for character in "\\;,":
        content = content.replace(character, f"\\{character}")
    return content.replace("\n", "\\n")


def folded(line: str) -> str:
    """Return a line in pieces of 75 octets at most, each but the first after a line end and a space.

    No character is cut in two.
    """
    pieces, octets = [""], 0
    for character in line:
        size = len(character.encode())
        if octets + size > _FOLD:
            pieces.append(" ")
            octets = 1
        pieces[-1] += character
        octets += size
    return "\r\n".join(pieces)
