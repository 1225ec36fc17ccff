"""When scheduled Transforms are due, over both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from datakit_iac.manifest.models.transform import Schedule
from datakit_iac.scheduling.agenda import Agenda
from datakit_iac.scheduling.schedule import last_time, next_time, times


def schedule(cron: str, zone: str = "Europe/Berlin", *, suspend: bool = False) -> Schedule:
    return Schedule(cron=cron, timezone=zone, suspend=suspend)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        # The clock goes from 02:00 to 03:00 on 29 March 2026, and from 03:00 back to 02:00 on 25 October.
        ("30 2 * * *", "2026-03-28 12:00", ["2026-03-29 01:00", "2026-03-30 00:30", "2026-03-31 00:30"]),
        ("30 2 * * *", "2026-10-24 12:00", ["2026-10-25 00:30", "2026-10-26 01:30", "2026-10-27 01:30"]),
        ("0 6 * * *", "2026-03-28 04:00", ["2026-03-28 05:00", "2026-03-29 04:00", "2026-03-30 04:00"]),
        ("0 * * * *", "2026-10-24 23:30", ["2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00"]),
        ("@daily", "2026-10-24 12:00", ["2026-10-24 22:00", "2026-10-25 23:00", "2026-10-26 23:00"]),
    ],
)
def test_the_clock_changes_and_each_day_has_its_run(cron: str, after: str, expected: list[str]) -> None:
    assert list(islice(times(schedule(cron), utc(after)), 3)) == [utc(each) for each in expected]


@pytest.mark.parametrize(
    ("after", "until", "expected"),
    [
        ("2026-03-28 00:00", "2026-03-29 12:00", "2026-03-29 01:00"),
        ("2026-03-29 01:00", "2026-03-29 12:00", None),
        ("2026-10-25 00:30", "2026-10-25 12:00", None),
        ("2026-10-20 00:00", "2026-10-25 00:30", "2026-10-25 00:30"),
    ],
)
def test_the_last_time_is_the_same_backwards(after: str, until: str, expected: str | None) -> None:
    found = last_time(schedule("30 2 * * *"), utc(after), utc(until))
    assert found == (utc(expected) if expected else None)


def test_what_is_suspended_is_never_due() -> None:
    paused = schedule("* * * * *", suspend=True)
    assert (next_time(paused, utc("2026-01-01")), last_time(paused, utc("2026-01-01"), utc("2026-02-01"))) == (
        None,
        None,
    )
    assert Agenda({"load": paused}, {"load": utc("2025-01-01")}, utc("2026-01-01")).next is None


def test_what_was_missed_is_due_once_and_what_never_ran_from_now_on() -> None:
    now = utc("2026-06-01 12:00:30")
    agenda = Agenda(
        {"late": schedule("*/5 * * * *"), "new": schedule("*/5 * * * *")}, {"late": now - timedelta(days=3)}, now
    )
    assert list(agenda.due(now)) == [("late", utc("2026-06-01 12:00"))]
    assert list(agenda.due(now)) == []
    assert agenda.next == utc("2026-06-01 12:05")
    # The machine slept for an hour.
    woken = utc("2026-06-01 13:01")
    assert sorted(agenda.due(woken)) == [("late", utc("2026-06-01 13:00")), ("new", utc("2026-06-01 13:00"))]
    assert list(agenda.due(woken)) == []
