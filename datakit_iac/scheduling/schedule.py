"""When scheduled Transforms are due, in their own time zones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from datakit_iac.manifest.models.transform import Schedule
from datakit_iac.manifest.values.schedule import five_fields


def times(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    """The times of a schedule after another, one after the other, in UTC; none where it is suspended.

    A time that the clock leaves out in spring comes when the clock has gone forward; one that it shows twice in autumn
    comes once, the first time, unless the expression means every hour or every minute. So does cron of Debian (`man 8
    cron`), which `cronsim` follows.

    Args:
        schedule: a cron expression and its time zone.
        after: a time with a time zone.
    """
    from cronsim import CronSim

    if schedule.suspend:
        return
    for each in CronSim(five_fields(schedule.cron), after.astimezone(ZoneInfo(schedule.timezone))):
        yield each.astimezone(UTC)


def next_time(schedule: Schedule, after: datetime) -> datetime | None:
    """The first time of a schedule after another; None where it is suspended."""
    return next(times(schedule, after), None)


def last_time(schedule: Schedule, after: datetime, until: datetime) -> datetime | None:
    """The last time of a schedule after one time and not after another; None where there is none, or it is suspended.

    What was missed runs once, however often it was.
    """
    from cronsim import CronSim

    if schedule.suspend:
        return None
    begin = (until + timedelta(microseconds=1)).astimezone(ZoneInfo(schedule.timezone))
    found = next(CronSim(five_fields(schedule.cron), begin, reverse=True)).astimezone(UTC)
    return found if found > after else None
