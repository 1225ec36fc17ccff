"""The worker's events of one request, line by line; see `worker`."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from datakit_iac.runtimes.dbt.results import Result
from datakit_iac.runtimes.job import JobFailedError

_MARK: Final = "\x1e"
_TAIL: Final = 8


class Events:
    """The events of one request so far; progress is shown as they come.

    Args:
        show: shows one short line.
    """

    def __init__(self, show: Callable[[str], None] = lambda _: None) -> None:
        self.warnings: list[str] = []
        self.faults: list[str] = []
        self.listed: list[str] = []
        self.building: dict[str, dict[str, Any]] = {}
        self._show = show
        self._selected: dict[str, int] = {}
        self._done: Counter[str] = Counter()
        self._results: list[dict[str, Any]] = []
        self._reply: dict[str, Any] | None = None
        self._tail: deque[str] = deque(maxlen=_TAIL)

    def take(self, line: str) -> None:
        """Take one line; the last lines that are not events say why a worker died."""
        if line.startswith(_MARK):
            self._hear(json.loads(line.removeprefix(_MARK)))
        else:
            self._tail.append(line)

    def reply(self, exit_code: int) -> tuple[str, list[str]]:
        """Dbt's error where the request failed, and the folders that it names instead of the user's project.

        Raises:
            JobFailedError: the worker died.
        """
        if self._reply is None:
            ended = f"was ended by signal {-exit_code}" if exit_code < 0 else f"ended with exit code {exit_code}"
            raise JobFailedError(f"the process that runs dbt {ended} before it was done", tuple(self._tail))
        return self._reply["error"], self._reply["folders"]

    def results(self, project: Path) -> Iterator[Result]:
        """The result of each node, in dbt's order; empty where nothing was built."""
        return (Result(**{**each, "file": str(project / each["file"])}) for each in self._results)

    def _hear(self, event: dict[str, Any]) -> None:
        if warning := event.get("warning"):
            self.warnings.append(" ".join(str(warning).split()))
        self.faults += event.get("faults", ())
        self.listed += event.get("listed", ())
        self.building |= event.get("building", {})
        self._results += [event["result"]] if "result" in event else ()
        self._reply = event.get("reply", self._reply)
        self._selected = event.get("selected", self._selected)
        if kind := event.get("done"):
            self._done[kind] += 1
        if self._selected and {"selected", "done"} & event.keys():
            parts = (f"{self._done[kind]} of {total} {kind}s" for kind, total in sorted(self._selected.items()))
            self._show(", ".join(parts))
