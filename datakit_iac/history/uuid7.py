"""Identifiers that sort by the time they were made at: UUIDs of version 7."""

from __future__ import annotations

import secrets
import time
from uuid import UUID


def uuid7() -> UUID:
    """A new identifier (RFC 9562, section 5.7; the fraction of the millisecond as in section 6.2, method 3).

    >>> first, second = uuid7(), uuid7()
    >>> first.version, str(first) < str(second) or first.time == second.time
    (7, True)
    """
    nanoseconds = time.time_ns()
    milliseconds, rest = divmod(nanoseconds, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62))


def first_of(seconds: float) -> str:
    """The least identifier of a time, in seconds since 1970.

    >>> first_of(1764500000.0) < str(uuid7())
    True
    """
    return str(UUID(int=int(seconds * 1000) << 80))
