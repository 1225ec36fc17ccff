"""An execution that was recorded, for tests of what a runtime reads from lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Literal


class Recorded:
    """An Execution that has ended, with its lines and its exit code.

    >>> from datakit_iac.sdk.runtimes import Lines
    >>> list(Lines(Recorded(["5 rows"])))
    ['5 rows']

    Args:
        lines: what it printed.
        exit_code: how it ended.
    """

    status: Literal["ended"] = "ended"

    def __init__(self, lines: Iterable[str], exit_code: int = 0) -> None:
        self.exit_code: int | None = exit_code
        self._lines = deque(lines)

    def receive(self, timeout: float) -> str | None:
        """The next line."""
        if not self._lines:
            raise EOFError("the workload has ended")
        return self._lines.popleft()

    def cancel(self) -> None:
        """It has ended."""
