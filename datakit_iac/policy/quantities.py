"""Quantities as Kubernetes writes them, and how often a schedule fires."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Final

_QUANTITY: Final = re.compile(r"^(\d+(?:\.\d+)?)(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$")
_FACTORS: Final = {
    "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50,
}  # fmt: skip
_DAY: Final = 24 * 60 * 60
_BEGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)


def quantity(text: str) -> float:
    """The number that a quantity stands for (Kubernetes' resource quantities).

    >>> quantity("500m"), quantity("16"), quantity("64Gi")
    (0.5, 16.0, 68719476736.0)

    Raises:
        ValueError: the text is none.
    """
    match = _QUANTITY.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no quantity; expected for instance 500m, 16 or 64Gi")
    return float(match[1]) * _FACTORS[match[2] or ""]


def shortest_interval(cron: str) -> float:
    """The least seconds between two starts of a schedule, whenever in the year that is; of UTC's days.

    >>> shortest_interval("*/5 * * * *"), shortest_interval("0 0,1 1 * *"), shortest_interval("30 6 * * MON")
    (300.0, 3600.0, 604800.0)

    Raises:
        ValueError: the text is no cron expression.
    """
    from cronsim import CronSim, CronSimError

    try:
        minute, hour, *days = cron.split()
        within = CronSim(f"{minute} {hour} * * *", _BEGIN)
        starts = sorted(60 * (60 * hour + minute) for hour in within.hours for minute in within.minutes)
        # A day's starts are those of every day it fires on, so days need only be looked at for their own distance:
        # 500 of them hold two neighbours, if there are any, and a leap day.
        fires = list(islice(CronSim(" ".join(("0 0", *days)), _BEGIN), 500))
    except (CronSimError, ValueError) as fault:
        raise ValueError(f"{cron!r} is no cron expression: {fault}") from fault
    between = min((later - earlier).total_seconds() for earlier, later in pairwise(fires))
    return min([*(later - earlier for earlier, later in pairwise(starts)), between - starts[-1] + starts[0]])
