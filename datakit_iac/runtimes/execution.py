"""Running a job: what it is rendered to is made ready, started, and read until it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import unmet
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.redaction import Redaction, secrets_in
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.job import JobFailedError, Prepares, RunContext, RunResult, Runtime


def rendered(runtime: Runtime, job: Job) -> Workload:
    """What an Executor is to run for a job.

    Raises:
        JobFailedError: the job cannot be run.
    """
    try:
        workload = runtime.render(job)
    except ValueError as fault:
        raise JobFailedError(str(fault)) from fault
    return of_job(workload, job)


def of_job(workload: Workload, job: Job) -> Workload:
    """A workload with what every job says: its name, identity, time-out and variables."""
    plain = {name: value for name, value in job.variables.items() if not isinstance(value, Secret)}
    secret = {name: value for name, value in job.variables.items() if isinstance(value, Secret)}
    return replace(
        workload,
        name=job.transform,
        identity=job.identity,
        timeout=job.timeout,
        env={**workload.env, **plain},
        secret_env={**workload.secret_env, **secret},
    )


def run(runtime: Runtime, job: Job, context: RunContext) -> RunResult:
    """Run a job to the end; no secret of it is in what is shown, told or raised.

    Raises:
        JobFailedError: it failed; what was done is said.
        Cancelled: the user stopped it; its processes are gone.
    """
    hide = Redaction(_secrets(job))

    def progress(text: str) -> None:
        context.progress(hide(text))

    try:
        workload = rendered(runtime, job)
        hide = Redaction([*_secrets(job), *_inherited(workload)])
        if reasons := [*unmet(context.executor, workload)]:
            raise JobFailedError(reasons[0], tuple(reasons[1:]))
        prepared = runtime.prepared(job, workload, context) if isinstance(runtime, Prepares) else nullcontext(workload)
        with prepared as ready, started(ready, context) as lines:
            outcome = runtime.interpret(job, lines, progress)
    except JobFailedError as failure:
        raise JobFailedError(hide(failure.cause), tuple(map(hide, failure.lines))) from None
    except TimeoutError as fault:
        raise JobFailedError(str(fault)) from fault
    return replace(outcome, notes=tuple(map(hide, outcome.notes)))


@contextmanager
def started(workload: Workload, context: RunContext) -> Iterator[Lines]:
    """The lines of a workload that is started now; it is ended, whatever happens, with the block.

    Raises:
        JobFailedError: it cannot be started.
    """
    try:
        execution = context.executor.start(workload)
    except FileNotFoundError as fault:
        raise JobFailedError(str(fault)) from fault
    try:
        yield Lines(execution, timeout=workload.timeout, cancel=context.cancel)
    finally:
        execution.cancel()


def _inherited(workload: Workload) -> Iterator[str]:
    yield from secrets_in({name: os.environ[name] for name in workload.inherits if name in os.environ})


def _secrets(job: Job) -> Iterator[str]:
    for dataset in (*job.inputs, *job.outputs):
        yield from (secret.reveal() for secret in dataset.connection.secrets.values())
    yield from (value.reveal() for value in job.variables.values() if isinstance(value, Secret))
