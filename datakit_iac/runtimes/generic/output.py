"""What a command prints: progress while it runs, counts where it says them, and its last lines where it fails."""

from __future__ import annotations

import json
import signal
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from datakit_iac.runtimes.job import JobFailedError, RunResult

_KEPT: Final = 12
_LONGEST: Final = 500
_EVERY: Final = 0.2
"""Seconds between two lines that are shown: a job may print a million of them."""

_COUNTS: Final = '{"counts"'


class Output:
    """The lines of one command.

    Args:
        progress: shows one short line.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress, self._shown = progress, 0.0
        self._last: deque[str] = deque(maxlen=_KEPT)
        self._counts: dict[str, int] = {}

    def take(self, line: str) -> None:
        """Take one line."""
        if not (text := line[:_LONGEST].rstrip()):
            return
        if text.lstrip().replace(" ", "").startswith(_COUNTS) and (counts := _counts(line)):
            self._counts |= counts
            text = ", ".join(f"{name} {count:,}" for name, count in self._counts.items())
        else:
            self._last.append(text)
        if (now := time.monotonic()) - self._shown >= _EVERY:
            self._shown = now
            self._progress(text.strip())

    @property
    def last(self) -> tuple[str, ...]:
        """The last lines, without what was counted."""
        return tuple(self._last)

    def outcome(self, command: str, exit_code: int) -> RunResult:
        """What the command did.

        Args:
            command: how people call it.
            exit_code: how it ended, negative for a signal.

        Raises:
            JobFailedError: it did not end with 0.
        """
        if exit_code < 0:
            raise JobFailedError(f"{command} was ended by {_signal(-exit_code)}", self.last)
        if exit_code:
            raise JobFailedError(f"{command} failed with exit code {exit_code}", self.last)
        return RunResult(self._counts)


def _counts(line: str) -> dict[str, int]:
    """What a line counts, as ``{"counts": {"users": 3}}``; nothing where it has another form."""
    try:
        said = json.loads(line)["counts"]
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {name: count for name, count in said.items() if type(count) is int and count >= 0}


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
