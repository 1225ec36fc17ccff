"""A sign of life on the terminal while one waits."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

_SECOND: Final = 1.0
_CLEARED: Final = "\r\x1b[K"


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Say on standard error what is done and for how long, once it takes a second; at the end the line is empty again.

    Where standard error is not a terminal nothing is said and nothing is set up. A timer of the process tells, not a
    thread.

    Args:
        doing: what is done while the `with` block runs, e.g. ``reading manifests``.
    """
    if not _is_seen(sys.stderr):
        yield
        return
    import signal

    line = _Line(doing, sys.stderr.fileno())
    before = signal.signal(signal.SIGALRM, lambda number, frame: line.show())
    signal.setitimer(signal.ITIMER_REAL, _SECOND, _SECOND)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        line.clear()


def _is_seen(stream: TextIO) -> bool:
    """Whether a line that changes can be shown: on a terminal that knows how, where there are timers."""
    if not stream.isatty() or os.environ.get("TERM") == "dumb" or sys.platform == "win32":
        return False
    import threading

    return threading.current_thread() is threading.main_thread()  # which alone gets a timer's signal


class _Line:
    """The line; it is written past Python's buffers, which may be in use when the timer rings."""

    def __init__(self, doing: str, terminal: int) -> None:
        self._doing, self._terminal, self._seconds = doing, terminal, 0

    def show(self) -> None:
        """One more second has gone by."""
        self._seconds += 1
        line = f"{self._doing} … {self._seconds} s"
        # A line that wraps could not be cleared.
        self._write(f"{_CLEARED}{line[: shutil.get_terminal_size().columns - 1]}")

    def clear(self) -> None:
        """Take it away, if it has been shown."""
        if self._seconds:
            self._write(_CLEARED)

    def _write(self, text: str) -> None:
        os.write(self._terminal, text.encode())
