"""The lines of a function's process: progress while it runs, and its outcome."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Final

from datakit_iac.cloudquery_plugins import events
from datakit_iac.cloudquery_plugins.tally import Tally
from datakit_iac.runtimes.job import JobFailedError, RunResult

FINAL: Final = 3
"""The exit code of a function that would fail alike if it were tried again."""
_KEPT: Final = 6
_EVENT: Final = '{"level": '


class Output:
    """The lines of one run.

    Args:
        names: the DataSet's name for each table.
        progress: shows one short line.
    """

    def __init__(self, names: Mapping[str, str], progress: Callable[[str], None]) -> None:
        self._tally = Tally(names, progress)
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._error = ""

    def take(self, line: str) -> None:
        """Take one line; the function may have begun it by a text that it did not end."""
        before, sign, rest = line.partition(_EVENT)
        event = events.read(sign + rest.rstrip()) if sign else None
        if text := (before if event else line).strip():
            self._lines.append(text)
        if event is None:
            return
        if not self._tally.take(event):
            self._error = self._error or event.message

    def outcome(self, exit_code: int | None) -> RunResult:
        """The outcome of the run.

        Raises:
            JobFailedError: it failed, or rows of an output were not committed.
        """
        if self._error:
            cause, *lines = self._error.splitlines()
            raise JobFailedError(cause, tuple(lines), is_final=exit_code == FINAL)
        if exit_code:
            how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
            raise JobFailedError(f"the function's process ended with {how}", tuple(self._lines))
        if missing := self._tally.missing:
            raise JobFailedError(
                f"the function ended well, but no rows were committed to {', '.join(missing)}", tuple(self._lines)
            )
        return RunResult(self._tally.counts, tuple(self._tally.notes))
