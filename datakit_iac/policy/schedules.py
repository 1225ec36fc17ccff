"""How often a schedule fires."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Final

from datakit_iac.manifest.values.schedule import five_fields

_BEGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)


def shortest_interval(cron: str) -> float:
    """The least seconds between two starts of a schedule, whenever in the year that is; of UTC's days.

    >>> shortest_interval("*/5 * * * *"), shortest_interval("0 0,1 1 * *"), shortest_interval("30 6 * * MON")
    (300.0, 3600.0, 604800.0)

    Raises:
        ValueError: the text is not a cron expression.
    """
    from cronsim import CronSim, CronSimError

    try:
        minute, hour, *days = five_fields(cron).split()
        within = CronSim(f"{minute} {hour} * * *", _BEGIN)
        starts = sorted(60 * (60 * hour + minute) for hour in within.hours for minute in within.minutes)
        # A day's starts are those of every day it fires on, so days need only be looked at for their own distance:
        # 500 of them hold two neighbours, if there are any, and a leap day.
        fires = list(islice(CronSim(" ".join(("0 0", *days)), _BEGIN), 500))
    except (CronSimError, ValueError) as fault:
        raise ValueError(f"{cron!r} is not a cron expression: {fault}") from fault
    between = min((later - earlier).total_seconds() for earlier, later in pairwise(fires))
    return float(min([*(later - earlier for earlier, later in pairwise(starts)), between - starts[-1] + starts[0]]))
