"""Durations as Go writes them (`time.ParseDuration`), with days; and how long data is kept, also as ISO 8601 has it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = r"(?a)(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)"


def seconds(text: str) -> float:
    """The seconds of a duration.

    >>> seconds("1h30m"), seconds("1.5h"), seconds("90d")
    (5400.0, 5400.0, 7776000.0)

    Raises:
        ValueError: the text is not a duration, or none above zero.
    """
    parts = re.findall(_PART, text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration; expected for instance 90s, 1h30m or 7d")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total <= 0:
        raise ValueError(f"{text!r} is not above zero")
    return total


def _checked(text: str) -> str:
    seconds(text)
    return text


def kept_seconds(text: str) -> float:
    """The seconds that data is kept: a duration as above, or as ISO 8601 has it; a year is 365 days, a month 30.

    >>> kept_seconds("90d") == kept_seconds("P90D") == kept_seconds("P3M"), kept_seconds("P1Y") / 86400
    (True, 365.0)

    Raises:
        ValueError: the text is not a duration, or none above zero.
    """
    if not text.startswith("P"):
        return seconds(text)
    total = _iso_seconds(text)
    if total <= 0:
        raise ValueError(f"{text!r} is not above zero")
    return total


@lru_cache(maxsize=256)
def _iso_seconds(text: str) -> float:
    from datetime import timedelta

    from pydantic import TypeAdapter, ValidationError

    try:
        if not text.endswith("T"):
            return TypeAdapter(timedelta).validate_python(text).total_seconds()
    except ValidationError:
        pass
    raise ValueError(f"{text!r} is not a duration; expected for instance 90d, P90D or P1Y6M")


def _kept(text: str) -> str:
    kept_seconds(text)
    return text


Retention = Annotated[str, AfterValidator(_kept)]
"""How long data is kept: a duration (``90d``), or one of ISO 8601 (``P1Y6M``)."""

Duration = Annotated[str, AfterValidator(_checked)]
"""A duration as Go writes it (``1h30m``), with ``d`` for days."""
