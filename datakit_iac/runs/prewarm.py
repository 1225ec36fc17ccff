"""Workers that take long to start are started while other jobs run."""

from __future__ import annotations

from typing import Final

from datakit_iac.executors.protocol import Executor, KeepsWorkers
from datakit_iac.runtimes.job import Warmable
from datakit_iac.runtimes.registry import runtime

_EXPECTED: Final[set[str]] = set()


def expect(name: str) -> None:
    """Note that jobs of this runtime may follow."""
    _EXPECTED.add(name)


def warm(executor: Executor) -> None:
    """Start the workers that the next jobs need, while one job runs."""
    if not isinstance(executor, KeepsWorkers):
        return
    for name in sorted(_EXPECTED):
        expected = runtime(name)
        if isinstance(expected, Warmable):
            executor.warm(expected.worker())
