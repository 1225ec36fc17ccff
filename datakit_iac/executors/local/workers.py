"""Processes that are kept between jobs, each of which does one job at a time."""

from __future__ import annotations

import contextlib
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from datakit_iac.executors.local.process import Process


class Workers:
    """The kept workers of one executor, by what starts them; one is used by one workload at a time."""

    def __init__(self, cwd: Path) -> None:
        self._cwd = cwd
        self._idle: defaultdict[tuple[str, ...], list[Process]] = defaultdict(list)
        self._taken: dict[Process, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    def warm(self, argv: Sequence[str]) -> None:
        """Start a worker where there is none, at work or not."""
        key = tuple(argv)
        with self._lock:
            self._drop_dead(key)
            if not self._idle[key] and key not in self._taken.values():
                self._idle[key].append(self._started(key))

    def take(self, argv: Sequence[str]) -> Process:
        """A worker that is alive.

        Raises:
            FileNotFoundError: there is no such program.
        """
        key = tuple(argv)
        with self._lock:
            self._drop_dead(key)
            found = self._idle[key].pop() if self._idle[key] else self._started(key)
            self._taken[found] = key
            return found

    def give_back(self, worker: Process, is_done: bool) -> int:
        """Keep a worker that is done with its job, and end any other; the exit code of one that is ended."""
        code = 0 if is_done else worker.stop()
        with self._lock:
            key = self._taken.pop(worker)
            if is_done:
                self._idle[key].append(worker)
        return code

    def close(self) -> None:
        """End those that are not at work."""
        with self._lock:
            idle = [worker for each in self._idle.values() for worker in each]
            self._idle.clear()
        for worker in idle:
            worker.stop()

    def _started(self, key: tuple[str, ...]) -> Process:
        return Process(key, self._cwd, listens=True)

    def _drop_dead(self, key: tuple[str, ...]) -> None:
        for worker in [*self._idle[key]]:
            if not _is_alive(worker):
                self._idle[key].remove(worker)
                worker.stop()


def _is_alive(worker: Process) -> bool:
    with contextlib.suppress(EOFError):
        # Between jobs it has nothing to say; what a library printed meanwhile is of no use.
        while worker.receive(0) is not None:
            pass
        return True
    return False
