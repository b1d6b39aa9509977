"""The metrics are ones that Prometheus' own reader takes."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from sealgen.rotation.prometheus import metrics
from sealgen.rotation.reporting import data
from sealgen.rotation.schedule import Age, Schedule

NAMES = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r") | st.sampled_from('"\\\n{},= '))
AGES = st.builds(
    lambda value, date, every: Age(value, "generate", True, str(date), every, every),
    NAMES,
    st.dates(dt.date(1970, 1, 1), dt.date(2999, 12, 31)),
    st.integers(1, 365_000),
)
SCHEDULES = st.builds(
    lambda environment, ages: Schedule(environment, "aura", tuple(ages), ()),
    NAMES,
    st.lists(AGES, max_size=4, unique_by=lambda age: age.value),
)


def seconds(date: dt.date) -> float:
    """Return a day's beginning as Unix time."""
    return dt.datetime(date.year, date.month, date.day, tzinfo=dt.UTC).timestamp()


@given(st.lists(SCHEDULES, max_size=3, unique_by=lambda schedule: schedule.environment))
@settings(deadline=None)
def test_prometheus_reads_what_was_written(schedules: list[Schedule]) -> None:
    families = {
        family.name: family
        for family in text_string_to_metric_families(metrics([data(schedule) for schedule in schedules]))
    }
    assert list(families) == ["sealgen_value_due_timestamp_seconds", "sealgen_value_rotated_timestamp_seconds"]
    due, rotated = families.values()
    assert {due.type, rotated.type} == {"gauge"}
    written = {(schedule.environment, age.value): age for schedule in schedules for age in schedule.ages}
    for family, expected in (
        (due, {place: seconds(age.due) for place, age in written.items()}),
        (rotated, {place: seconds(dt.date.fromisoformat(age.date)) for place, age in written.items()}),
    ):
        assert {
            (sample.labels["environment"], sample.labels["value"]): sample.value for sample in family.samples
        } == expected
        assert all(sample.labels.keys() == {"environment", "value"} for sample in family.samples)


def test_all_of_it() -> None:
    age = Age("jwt", "generate", True, "2026-11-24", 90, 85)
    assert metrics([data(Schedule("staging", "aura-staging", (age,), ()))]) == (
        "# HELP sealgen_value_due_timestamp_seconds "
        "When the present version of a secret value is as old as its rotate_every, in UTC.\n"
        "# TYPE sealgen_value_due_timestamp_seconds gauge\n"
        'sealgen_value_due_timestamp_seconds{environment="staging",value="jwt"} 1803254400\n'
        "# HELP sealgen_value_rotated_timestamp_seconds "
        "The day on which the present version of a secret value was first sealed, in UTC.\n"
        "# TYPE sealgen_value_rotated_timestamp_seconds gauge\n"
        'sealgen_value_rotated_timestamp_seconds{environment="staging",value="jwt"} 1795478400\n'
    )
