"""A streaming job: it is started again whenever it ends, until somebody stops it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NoReturn

from datakit_iac.contract.job import Job
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.runtimes.execution import pause, run
from datakit_iac.runtimes.job import JobFailedError, RunContext, Runtime

STABLE: Final = 600.0
"""Seconds that it has to run for what happened before to be forgotten, as Kubernetes has it."""


def keep_running(runtime: Runtime, job: Job, context: RunContext, tell: Callable[[str], None]) -> NoReturn:
    """Run a job, again each time that it ends, for whatever reason; the pause before is each time twice as long.

    Its time-out and retries do not count.

    Args:
        runtime: that of the job.
        job: what runs.
        context: what it runs with.
        tell: takes why it ended, each time.

    Raises:
        Cancelled: the user stopped it; its processes are gone.
        JobFailedError: it cannot be started, and could not the next time.
    """
    job, ended = replace(job, timeout=None, retries=0), 0
    while True:
        began = time.monotonic()
        try:
            run(runtime, job, context)
            why = "it ended with exit code 0"
        except JobFailedError as failure:
            if failure.is_final:
                raise
            why = str(failure)
        ended = 1 if time.monotonic() - began >= STABLE else ended + 1
        seconds = pause(ended)
        tell(f"{why}; starting it again in {seconds:g} s")
        if context.cancel.wait(seconds):
            raise Cancelled("the job was stopped between two attempts")
