"""The calendar is one that a reader of RFC 5545 takes, and it is the same from day to day."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealgen.rotation.ics import calendar, folded, text
from sealgen.rotation.reporting import data
from sealgen.rotation.schedule import Age, Schedule, notice
from tests.support.calendars import events

TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs"]) | st.sampled_from(',;\\:"\n'), max_size=200)
AGES = st.builds(
    lambda value, made, date, every, passed: Age(
        value, "generate" if made else "env", made, str(date), every, every - passed
    ),
    TEXT.filter(str.strip),
    st.booleans(),
    st.dates(dt.date(1970, 1, 1)),
    st.integers(1, 364_999_635),
    st.integers(0, 100_000),
)
SCHEDULES = st.builds(
    lambda environment, ages: Schedule(environment, "aura", tuple(ages), ()),
    TEXT.filter(str.strip),
    st.lists(AGES, max_size=4, unique_by=lambda age: age.value),
)


@given(st.lists(SCHEDULES, max_size=3, unique_by=lambda schedule: schedule.environment))
@settings(deadline=None)
def test_another_program_reads_what_was_written(schedules: list[Schedule]) -> None:
    document = calendar([data(schedule) for schedule in schedules])
    found = events(document)
    written = [(schedule, age) for schedule in schedules for age in schedule.ages]
    assert len(found) == len(written)
    for event, (schedule, age) in zip(found, written, strict=True):
        assert event["SUMMARY"] == f"Rotate {age.value} of {schedule.environment}"
        assert event["DTSTART"].dt == age.due
        assert event["DTSTAMP"].dt == dt.datetime.fromisoformat(f"{age.date}T00:00:00Z")
        how = (
            f"sealgen rotate {schedule.environment} {age.value}"
            if age.made
            else f"It is read ({age.source}): change it there."
        )
        number = f"{age.every} day{'s' * (age.every != 1)}"
        assert event["DESCRIPTION"] == f"Version of {age.date}, every {number}.\n{how}"
        (alarm,) = event.walk("VALARM")
        assert alarm["ACTION"] == "DISPLAY"
        assert alarm["DESCRIPTION"] == event["SUMMARY"]
        assert alarm["TRIGGER"].dt == dt.timedelta(days=-notice(age.every), hours=9)
        assert event.errors == []
    assert len({str(event["UID"]) for event in found}) == len(found)


@given(st.lists(SCHEDULES, max_size=2))
@settings(deadline=None)
def test_lines_end_as_they_must_and_none_is_longer_than_75_octets(schedules: list[Schedule]) -> None:
    document = calendar([data(schedule) for schedule in schedules])
    *lines, rest = document.split("\r\n")
    assert rest == ""
    assert not any("\r" in line or "\n" in line for line in lines)
    assert max(len(line.encode()) for line in lines) <= 75


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=400))
@settings(deadline=None)
def test_a_line_is_folded_between_characters_and_unfolds_to_what_it_was(line: str) -> None:
    pieces = folded(line).split("\r\n")
    assert all(piece.startswith(" ") for piece in pieces[1:])
    assert "".join([pieces[0], *(piece[1:] for piece in pieces[1:])]) == line
    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert all(len(piece.encode()) > 75 - 4 for piece in pieces[:-1])


@pytest.mark.parametrize(
    ("content", "escaped"), [("a, b; c", r"a\, b\; c"), ("a\\nb", r"a\\nb"), ("a\nb", r"a\nb"), ("a:b", "a:b")]
)
def test_a_text_is_escaped(content: str, escaped: str) -> None:
    assert text(content) == escaped


AGE = Age("jwt", "generate", True, "2026-11-24", 90, 85)


def one(age: Age, environment: str = "staging", namespace: str = "aura-staging") -> str:
    return calendar([data(Schedule(environment, namespace, (age,), ()))])


def test_an_event_is_the_same_on_every_day() -> None:
    assert one(AGE) == one(Age("jwt", "generate", True, "2026-11-24", 90, -300))


def test_the_next_version_moves_the_event_and_makes_no_other() -> None:
    (before,), (after,) = events(one(AGE)), events(one(Age("jwt", "generate", True, "2027-02-22", 90, 90)))
    assert before["UID"] == after["UID"]
    assert before["DTSTART"].dt < after["DTSTART"].dt
    assert before["DTSTAMP"].dt < after["DTSTAMP"].dt


def test_a_value_of_another_name_environment_or_namespace_has_an_event_of_its_own() -> None:
    others = [
        one(AGE),
        one(Age("redis", "generate", True, "2026-11-24", 90, 85)),
        one(AGE, "production"),
        one(AGE, namespace="other"),
    ]
    assert len({str(events(document)[0]["UID"]) for document in others}) == len(others)


def test_all_of_it() -> None:
    assert one(AGE) == "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//sealgen//sealgen due//EN",
            "CALSCALE:GREGORIAN",
            "BEGIN:VEVENT",
            "UID:911e3c24-fb1b-51ac-8729-3e774c60c82f",
            "DTSTAMP:20261124T000000Z",
            "DTSTART;VALUE=DATE:20270222",
            "SUMMARY:Rotate jwt of staging",
            r"DESCRIPTION:Version of 2026-11-24\, every 90 days.\nsealgen rotate staging ",
            " jwt",
            "TRANSP:TRANSPARENT",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-P8DT15H",
            "DESCRIPTION:Rotate jwt of staging",
            "END:VALARM",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )
