"""When something starts by itself: cron expressions and time zones, really read.

What reads them is imported late: most Transforms are not scheduled.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator

from datakit_iac.manifest.finding import nearest

_FIELDS: Final = 5


@lru_cache(maxsize=256)
def _cron(text: str) -> str:
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    if len(text.split()) != _FIELDS:
        raise ValueError(f"{text!r} is no cron expression; expected minute, hour, day, month and weekday: 0 6 * * mon")
    try:
        next(CronSim(text, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as fault:
        raise ValueError(f"{text!r} is no cron expression: {str(fault).lower()}") from fault
    except StopIteration as never:
        raise ValueError(f"{text!r} is a time that never comes") from never
    return text


class UnknownZoneError(ValueError):
    """A text names no time zone.

    Attributes:
        hint: the nearest there is.
    """

    def __init__(self, text: str) -> None:
        from zoneinfo import available_timezones

        hint = nearest(text, available_timezones())
        self.hint = hint if hint.startswith("did") else ""
        super().__init__(f"{text!r} is no time zone; expected one of the IANA's, such as Europe/Berlin or UTC")


@lru_cache(maxsize=256)
def _zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as fault:  # OSError: the name of a folder of zones
        raise UnknownZoneError(text) from fault
    return text


Cron = Annotated[str, AfterValidator(_cron)]
"""A cron expression of five fields, e.g. ``*/15 6-18 * * mon-fri``."""

TimeZone = Annotated[str, AfterValidator(_zone)]
"""A time zone of the IANA's, e.g. ``Europe/Berlin``."""
