"""Records of Runs as people and programs read them."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from datakit_iac.history.record import RunRecord

_UNITS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"))
_TIMES: Final = ("queued_at", "started_at", "ended_at", "due")


def plain(record: RunRecord) -> dict[str, Any]:
    """A record for programs; times as RFC 3339 has them."""
    found = asdict(record)
    return {**found, **{name: moment(found[name]) or None for name in _TIMES}}


def moment(at: float | None) -> str:
    """A time, seconds since 1970, as RFC 3339 has it; empty where there is none."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(seconds: float) -> str:
    """How long something takes.

    >>> [duration(each) for each in (0.32, 59, 90, 7200, 200000)]
    ['0.3 s', '59.0 s', '1.5 min', '2.0 h', '2.3 d']
    """
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def ago(at: float | None) -> str:
    """How long ago something was; empty where it was not."""
    return "" if at is None else f"{duration(max(time.time() - at, 0))} ago"


def seconds(record: RunRecord) -> str:
    """How long a Run took, or has taken by now; empty where it did not start."""
    if record.started_at is None:
        return ""
    return duration((record.ended_at or time.time()) - record.started_at)
