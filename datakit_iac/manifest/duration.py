"""Durations as Go writes them (`time.ParseDuration`), with days."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def seconds(text: str) -> float:
    """The seconds of a duration.

    >>> seconds("1h30m"), seconds("1.5h"), seconds("90d")
    (5400.0, 5400.0, 7776000.0)

    Raises:
        ValueError: the text is no duration, or none above zero.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration; expected for instance 90s, 1h30m or 7d")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if total <= 0:
        raise ValueError(f"{text!r} is not above zero")
    return total


def _checked(text: str) -> str:
    seconds(text)
    return text


Duration = Annotated[str, AfterValidator(_checked)]
"""A duration as Go writes it (``1h30m``), with ``d`` for days."""
