"""The log of a container, read again where the connection broke."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final

LONGEST: Final = 4 << 20
"""Bytes of a line that are read: a job may print all that it has to say without ending one."""

CUT: Final = b" (the rest of this line is left out)"


class Reading:
    """How far a log was read, by the times of its lines; several may have the same.

    >>> read = Reading()
    >>> [read.text(line) for line in (b"T1 a", b"T1 b", b"T2 c")]
    ['a', 'b', 'c']
    >>> read.resume()
    >>> [read.text(line) for line in (b"T0 z", b"T1 a", b"T1 b", b"T2 c", b"T2 d", b"T3 e")]
    [None, None, None, None, 'd', 'e']

    Attributes:
        last: the time of the last line.
    """

    def __init__(self) -> None:
        self.last = ""
        self._same = self._skipped = 0

    def resume(self) -> None:
        """The log is read again, from somewhere before the last line."""
        self._skipped = self._same

    def text(self, line: bytes) -> str | None:
        """What a line says after its time; None where it was read before."""
        moment, _, text = line.partition(b" ")
        time_ = moment.decode(errors="replace")
        if _order(time_) < _order(self.last):
            return None
        if time_ == self.last:
            if self._skipped:
                self._skipped -= 1
                return None
            self._same += 1
        else:
            self.last, self._same, self._skipped = time_, 1, 0
        return text.decode(errors="replace").rstrip("\r")


def _order(moment: str) -> str:
    """A time of RFC 3339 in UTC, whose fraction leaves out zeros at its end, as text in the order of time."""
    seconds, _, fraction = moment.rstrip("Z").partition(".")
    return f"{seconds}.{fraction:0<9}" if moment else ""


def lines(log: Any) -> Iterator[bytes]:
    """The lines of a stream, the longest of them cut; a stream that breaks ends, and is read again."""
    from urllib3.exceptions import HTTPError

    rest = bytearray()
    with contextlib.suppress(HTTPError, OSError, ValueError, AttributeError):
        for block in log.stream(1 << 16, decode_content=False):
            first, *others = block.split(b"\n")
            _add(rest, first)
            for each in others:
                yield bytes(rest)
                rest[:] = each
        if rest:
            yield bytes(rest)


def _add(line: bytearray, part: bytes) -> None:
    """Add to a line what it has room for, and where that is not all, that it is cut."""
    if len(line) < LONGEST:
        line += part
        if len(line) >= LONGEST:
            line[LONGEST:] = CUT
