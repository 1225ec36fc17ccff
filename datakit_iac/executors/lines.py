"""The lines of a workload that was started, until it ends, runs out of time or is cancelled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from datakit_iac.executors.protocol import Cancelled, Execution

_POLL: Final = 0.1


class Lines:
    """What a workload prints, line by line as it comes; read once.

    Args:
        execution: what was started.
        timeout: seconds it has from now on; None for no limit.
        cancel: set when it is to stop.
        log: takes each line too.
    """

    def __init__(
        self,
        execution: Execution,
        *,
        timeout: float | None = None,
        cancel: threading.Event | None = None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._execution, self._timeout = execution, timeout
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._cancel, self._log = cancel or threading.Event(), log

    def __iter__(self) -> Iterator[str]:
        """Each line without its end.

        Raises:
            Cancelled: `cancel` was set.
            TimeoutError: the time-out passed.
            LimitExceededError: it used more than its `resources` allow.
        """
        while True:
            if self._cancel.is_set():
                raise Cancelled("the job was stopped")
            if self._deadline is not None and time.monotonic() >= self._deadline:
                raise TimeoutError(f"the job did not end within {self._timeout:g} s and was stopped")
            try:
                line = self._execution.receive(_POLL)
            except EOFError:
                return
            if line is not None:
                self._log(line)
                yield line

    @property
    def exit_code(self) -> int:
        """How it ended, negative for a signal; known once every line was read."""
        code = self._execution.exit_code
        assert code is not None, "read every line first"
        return code
