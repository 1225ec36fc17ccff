"""Running a job: what it is rendered to is made ready, started, read until it ends, and tried again where it failed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Final

from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import Cancelled, ExecutorError, LimitExceededError, unmet
from datakit_iac.executors.workload import RUN_VARIABLE, Workload
from datakit_iac.manifest.redaction import Redaction, secrets_in
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes import store_variables
from datakit_iac.runtimes.job import JobFailedError, Prepares, RunContext, RunResult, Runtime
from datakit_iac.runtimes.whole_job import carried_by

_LONGEST_PAUSE: Final = 300.0

EVENT: Final = "\x1e"
"""How a line begins that is for programs alone (RFC 7464)."""


def rendered(runtime: Runtime, job: Job) -> Workload:
    """What an Executor is to run for a job.

    Raises:
        JobFailedError: the job cannot be run.
    """
    try:
        workload = runtime.render(job)
    except JobFailedError as failure:
        raise JobFailedError(failure.cause, failure.lines, is_final=True) from failure
    except ValueError as fault:
        raise JobFailedError(str(fault), is_final=True) from fault
    return of_job(workload, job)


def of_job(workload: Workload, job: Job) -> Workload:
    """A workload with what every job says: its name and identity, how it is run, and its variables."""
    plain = {name: value for name, value in job.variables.items() if not isinstance(value, Secret)}
    secret = {name: value for name, value in job.variables.items() if isinstance(value, Secret)}
    return replace(
        workload,
        name=job.transform,
        identity=job.identity,
        timeout=job.timeout,
        retries=job.retries,
        image=job.image or workload.image,
        resources=job.resources.dumped(),
        env={**workload.env, **plain},
        secret_env={**workload.secret_env, **secret},
    )


def run(runtime: Runtime, job: Job, context: RunContext) -> RunResult:
    """Run a job to the end, again where it fails and has `retries`; no secret of it is shown, logged or raised.

    All attempts have one identity. Between them it waits, each time twice as long.

    Raises:
        JobFailedError: it failed, the last time too; what was done is said.
        Cancelled: the user stopped it; its processes are gone.
    """
    runtime = carried_by(runtime, job, context.executor)
    hide = Redaction(secrets_of(job))
    before: list[str] = []
    while True:
        try:
            workload = store_variables.given(rendered(runtime, job), job)
            hide = Redaction([*secrets_of(job), *_inherited(workload)])
            outcome = _attempted(runtime, job, workload, context, hide)
        except JobFailedError as failure:
            cause, lines = hide(failure.cause), tuple(map(hide, failure.lines))
            if failure.is_final or len(before) == job.retries:
                told = (*lines, *_told(before))
                raise JobFailedError(f"{cause}{_count(before)}", told, is_final=failure.is_final) from None
            before.append(cause)
            _wait(before, job.retries, context)
        else:
            return replace(outcome, notes=(*_told(before), *map(hide, outcome.notes)))


def _attempted(runtime: Runtime, job: Job, workload: Workload, context: RunContext, hide: Redaction) -> RunResult:
    if reasons := [*unmet(context.executor, workload)]:
        raise JobFailedError(reasons[0], tuple(reasons[1:]), is_final=True)
    prepared = runtime.prepared(job, workload, context) if isinstance(runtime, Prepares) else nullcontext(workload)
    try:
        with prepared as ready, started(ready, context, hide) as lines:
            return runtime.interpret(job, lines, lambda text: context.progress(hide(text)))
    except FileNotFoundError as fault:
        raise JobFailedError(str(fault), is_final=True) from fault
    except (TimeoutError, LimitExceededError, ExecutorError) as fault:
        raise JobFailedError(str(fault)) from fault


def pause(attempt: int) -> float:
    """Seconds between an attempt that failed and the next.

    >>> [pause(attempt) for attempt in (1, 2, 3, 4, 100)]
    [1.0, 2.0, 4.0, 8.0, 300.0]
    """
    return min(2.0 ** (attempt - 1), _LONGEST_PAUSE)


def _wait(failures: list[str], retries: int, context: RunContext) -> None:
    seconds = pause(len(failures))
    context.progress(f"failed: {failures[-1]}; retry {len(failures)} of {retries} in {seconds:g} s")
    if context.cancel.wait(seconds):
        raise Cancelled("the job was stopped between two attempts")


def _told(failures: list[str]) -> tuple[str, ...]:
    return tuple(f"attempt {number} failed: {cause}" for number, cause in enumerate(failures, 1))


def _count(failures: list[str]) -> str:
    return f" (attempt {len(failures) + 1})" if failures else ""


@contextmanager
def started(workload: Workload, context: RunContext, hide: Callable[[str], str] | None = None) -> Iterator[Lines]:
    """The lines of a workload that is started now; it is ended, whatever happens, with the block.

    Args:
        workload: what is started.
        context: what it runs with; its log takes the lines that are for people, as `hide` leaves them.
        hide: takes the secrets out of a line; without it, nothing is logged.

    Raises:
        JobFailedError: it cannot be started.
    """

    def log(line: str) -> None:
        if hide and not line.startswith(EVENT):
            context.log(hide(line))

    try:
        execution = context.executor.start(replace(workload, env={**workload.env, **_run(context)}))
    except FileNotFoundError as fault:
        raise JobFailedError(str(fault), is_final=True) from fault
    try:
        yield Lines(execution, timeout=workload.timeout, cancel=context.cancel, log=log)
    finally:
        execution.cancel()


def _run(context: RunContext) -> dict[str, str]:
    return {RUN_VARIABLE: context.run} if context.run else {}


def _inherited(workload: Workload) -> Iterator[str]:
    yield from secrets_in({name: os.environ[name] for name in workload.inherits if name in os.environ})


def secrets_of(job: Job) -> Iterator[str]:
    """The secrets that a job is given, of its Stores and its variables."""
    for dataset in (*job.inputs, *job.outputs):
        yield from (secret.reveal() for secret in dataset.connection.secrets.values())
    yield from (value.reveal() for value in job.variables.values() if isinstance(value, Secret))
