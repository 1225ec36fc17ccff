"""When something starts by itself: cron expressions and time zones, really read.

What reads them is imported late: most Transforms are not scheduled.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator

from datakit_iac.findings.nearest import nearest

_NICKNAMES: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_TERM: Final = r"(?a)(\*|\w+-\w+)(/\d{1,3})?|\w+"
_VALUE: Final = r"(?a)\d{1,2}|[A-Za-z]{3}"
_EXPECTED: Final = "expected minute, hour, day, month and weekday: 0 6 * * mon"


def five_fields(text: str) -> str:
    """A cron expression by its five fields, which a nickname stands for.

    >>> five_fields("@weekly"), five_fields("*/5 * * * *")
    ('0 0 * * 0', '*/5 * * * *')
    """
    return _NICKNAMES.get(text.strip(), text)


@lru_cache(maxsize=256)
def _cron(text: str) -> str:
    from datetime import UTC, datetime

    from cronsim import CronSim, CronSimError

    if reason := _not_read_alike(five_fields(text)):
        raise ValueError(f"{text!r} is not a cron expression: {reason}")
    try:
        next(CronSim(five_fields(text), datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as fault:
        raise ValueError(f"{text!r} is not a cron expression: {str(fault).lower()}") from fault
    except StopIteration as never:
        raise ValueError(f"{text!r} is a time that never occurs") from never
    return text


def _not_read_alike(text: str) -> str:
    """Why some schedulers refuse an expression, or read it otherwise than others; empty where all read it alike.

    Those of Kubernetes (https://pkg.go.dev/github.com/robfig/cron/v3) have no ``L``, ``W``, ``#`` and no 7 for Sunday;
    Debian's cron has no ``?`` and no ``5/15``.
    """
    fields = text.split()
    if text.lstrip().startswith("@"):
        return f"expected one of {', '.join(_NICKNAMES)}, or five fields"
    if len(fields) != 5:
        return f"found {len(fields)} fields; {_EXPECTED}"
    for term in (term for field in fields for term in field.split(",")):
        values = term.partition("/")[0].split("-")
        if not re.fullmatch(_TERM, term) or not all(value == "*" or re.fullmatch(_VALUE, value) for value in values):
            return f"{term!r} is none of 5, mon, 1-5, *, */15 and 0-30/10, which every scheduler reads"
    return _of_days(fields[2], fields[4])


def _of_days(day: str, weekday: str) -> str:
    if any(int(value) == 7 for value in re.findall(r"(?<![/\d])\d+", weekday)):
        return "7 is not a weekday everywhere; Sunday is 0 or sun"
    if day != "*" != weekday and "*" in day + weekday:
        return f"whether {day} and {weekday} must both hold differs between schedulers; write one of them as a list"
    return ""


class UnknownZoneError(ValueError):
    """A text names no time zone.

    Attributes:
        hint: the nearest there is.
    """

    def __init__(self, text: str) -> None:
        from zoneinfo import available_timezones

        hint = nearest(text, available_timezones())
        self.hint = hint if hint.startswith("did") else ""
        super().__init__(f"{text!r} is not a time zone; expected one of the IANA's, such as Europe/Berlin or UTC")


@lru_cache(maxsize=256)
def _zone(text: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as fault:  # OSError: the name of a folder of zones
        raise UnknownZoneError(text) from fault
    return text


Cron = Annotated[str, AfterValidator(_cron)]
"""A cron expression of five fields, e.g. ``*/15 6-18 * * mon-fri``, or a nickname such as ``@daily``."""

TimeZone = Annotated[str, AfterValidator(_zone)]
"""A time zone of the IANA's, e.g. ``Europe/Berlin``."""
