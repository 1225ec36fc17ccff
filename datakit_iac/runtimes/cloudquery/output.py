"""The output of a sync, line by line: progress while it runs, and its outcome."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from datakit_iac.cloudquery_plugins import events
from datakit_iac.cloudquery_plugins.tally import Tally
from datakit_iac.runtimes.job import JobFailedError, RunResult

_KEPT: Final = 6
_SUMMARY: Final = re.compile(r"INF Sync summary .*?\berrors=(\d+)")
_DETAILS: Final = re.compile(r"INF Sync summary .*?\bsummary=(\{.*\})")
_PLUGIN_SAID: Final = re.compile(r"rpc error: code = \w+ desc = ")
_NOISE: Final = re.compile(r"^(\S+ (INF|DBG) |Loading spec|Starting sync|Sync completed)")


class Output:
    """The lines of one sync.

    Args:
        names: the DataSet's name for each table.
        progress: shows one short line.
    """

    def __init__(self, names: Mapping[str, str], progress: Callable[[str], None]) -> None:
        self._tally = Tally(names, progress)
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._errors: list[str] = []
        self._deaths: list[str] = []
        self._failed_tables = 0
        #: What the CLI says of the whole sync: its time, and the rows that went from the source to the destination.
        self.summary: Mapping[str, Any] = {}

    def take(self, line: str) -> None:
        """Take one line of output."""
        line = line.strip()
        if event := events.read(line):
            self._take_event(event)
        elif details := _DETAILS.search(line):
            self.summary = json.loads(details.group(1))
        elif summary := _SUMMARY.search(line):
            self._failed_tables = int(summary.group(1))
            if self._failed_tables:
                self._lines.append(line)
        elif line and not _NOISE.search(line):
            self._lines.append(line)

    def outcome(self, exit_code: int) -> RunResult:
        """The outcome of the sync.

        Raises:
            JobFailedError: the CLI failed, reported errors, or rows of a table were not committed.
        """
        missing = self._tally.missing
        if exit_code or self._failed_tables or self._errors or missing:
            raise self._failure(exit_code, missing)
        return RunResult(self._tally.counts, tuple(self._tally.notes))

    def _take_event(self, event: events.Event) -> None:
        if not self._tally.take(event):
            (self._deaths if event.kind == "ended" else self._errors).append(event.message)

    def _failure(self, exit_code: int, missing: Sequence[str]) -> JobFailedError:
        if self._errors:
            # One side fails because of the other: the first to speak knows why.
            cause, *rest = self._errors[0].splitlines()
            return JobFailedError(cause, tuple(rest))
        lines = tuple(_PLUGIN_SAID.sub("", line) for line in self._lines)
        if self._deaths:
            return JobFailedError("; ".join(self._deaths), lines)
        if self._failed_tables:
            return JobFailedError(f"CloudQuery reported {self._failed_tables} errors", lines)
        if exit_code:
            said = next((line for line in reversed(lines) if line.startswith("Error: ")), "")
            cause = said.removeprefix("Error: ") or f"CloudQuery ended with exit code {exit_code}"
            return JobFailedError(cause, tuple(line for line in lines if line != said))
        return JobFailedError(f"CloudQuery ended well, but no rows were committed to {', '.join(missing)}", lines)
