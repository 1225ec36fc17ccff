"""Which scheduled Transforms are due, and when the next one is."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from datakit_iac.manifest.models.transform import Schedule
from datakit_iac.scheduling.schedule import last_time, next_time


class Agenda:
    """The next time of each schedule.

    Args:
        schedules: by Transform.
        done: the last time that each Transform was started for, where it is known; what was missed is due at once.
        now: the present time; what never ran is due from now on.
    """

    def __init__(self, schedules: Mapping[str, Schedule], done: Mapping[str, datetime], now: datetime) -> None:
        self._schedules = dict(schedules)
        self._coming: list[tuple[datetime, str]] = []
        for name, schedule in schedules.items():
            missed = last_time(schedule, done[name], now) if name in done else None
            if coming := missed or next_time(schedule, now):
                self._coming.append((coming, name))
        heapq.heapify(self._coming)

    def due(self, now: datetime) -> Iterator[tuple[str, datetime]]:
        """The Transforms that are due, each with the time that it is due for: once, however often it was missed."""
        while self._coming and self._coming[0][0] <= now:
            at, name = heapq.heappop(self._coming)
            schedule = self._schedules[name]
            yield name, last_time(schedule, at, now) or at
            if following := next_time(schedule, now):
                heapq.heappush(self._coming, (following, name))

    @property
    def next(self) -> datetime | None:
        """When the next Transform is due; None where none is scheduled."""
        return self._coming[0][0] if self._coming else None


def at(moment: float) -> datetime:
    """A time of the history."""
    return datetime.fromtimestamp(moment, UTC)
