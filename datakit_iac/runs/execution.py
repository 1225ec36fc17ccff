"""Carrying out a Run: adopted where it happened already; else its turn, its job, its verification and its record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from datakit_iac.executors.protocol import Cancelled
from datakit_iac.history.database import HistoryError
from datakit_iac.history.history import Latest
from datakit_iac.manifest.redaction import Redaction
from datakit_iac.runs.earlier import adopted
from datakit_iac.runs.operation import NotDoneError, NotRecordedError, Operation
from datakit_iac.runs.outputs import claim, sign
from datakit_iac.runs.prewarm import warm
from datakit_iac.runs.quotas import demand_room
from datakit_iac.runs.recording import Recording, opened, recorded
from datakit_iac.runs.request import RunOutcome, RunRequest
from datakit_iac.runs.stores.access import alone
from datakit_iac.runs.verification import verify
from datakit_iac.runtimes.definition import definition
from datakit_iac.runtimes.execution import run, secrets_of
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult
from datakit_iac.runtimes.registry import runtime
from datakit_iac.runtimes.streaming import keep_running
from datakit_iac.technologies.technology import StoreError

CACHE: Final = Path(".datakit", "cache")
"""What is kept between runs, by environment, below the Pulumi project's folder."""


def carried_out(request: RunRequest, call: Operation) -> RunOutcome:
    """Run a Transform, unless its last Run had the same definition and inputs, and what it wrote is still there.

    Raises:
        NotRecordedError: it cannot be recorded; nothing was run.
        NotDoneError: it may not run; nothing was run.
        JobFailedError: it failed, or its outputs break their contracts.
        Cancelled: the user stopped it.
        StoreError: a Store could not be reached.
        AlreadyDoneError: it is due at a time for which there is a Run already.
    """
    history = opened(request, call)
    try:
        latest = history.latest(request.job.transform).get(request.job.transform)
    except HistoryError as fault:
        raise NotRecordedError(str(fault)) from fault
    if outcome := adopted(request, call, latest):
        return outcome
    hide = Redaction(secrets_of(request.job))
    with recorded(request, call, history) as recording:
        try:
            outcome = _in_turn(request, call, recording, latest)
        except HistoryError:
            recording.withdraw(latest)
            raise
        except Cancelled:
            recording.end("cancelled", call, error=call.cancel.reason)
            raise
        except (NotDoneError, JobFailedError, StoreError) as failure:
            recording.end("failed", call, error=hide(str(failure)))
            raise
        except BaseException as failure:
            recording.end("failed", call, error=hide(f"{type(failure).__name__}: {failure}"))
            raise
        if not outcome.is_adopted:
            recording.end("succeeded", call, outputs=outcome.written, counts=outcome.counts)
        return outcome


def _in_turn(request: RunRequest, call: Operation, recording: Recording, known: Latest | None) -> RunOutcome:
    """The Run in its turn; unless the Runs before it are those known already, another may have done the same."""
    most = request.quotas.get("concurrentRuns")
    saying = f"waiting for another Run of {request.job.transform}"
    if most is not None:
        saying += f"; {call.environment} allows {most:g} Run{'s' if most > 1 else ''} at a time"
    with demand_room(request.quotas, call):
        previous = recording.turn(None if most is None else int(most), saying, call)
        if previous != known and (outcome := adopted(request, call, previous)):
            recording.withdraw(previous)
            return outcome
        return _run_and_verified(request, call, recording)


def _run_and_verified(request: RunRequest, call: Operation, recording: Recording) -> RunOutcome:
    job, log = request.job, recording.log

    def confirm() -> None:
        """Refuse to go on where the files have changed since the Run was planned."""
        if definition(job) != request.definition:
            raise JobFailedError(
                "its files have changed since this Run was planned; nothing was built",
                ("run it again, and leave the files alone meanwhile",),
                is_final=True,
            )

    def status(text: str) -> None:
        log.write(text)
        call.status(text)

    def tell(text: str) -> None:
        log.write(text)
        call.tell(text)

    context = RunContext(
        request.executor, cache(job.environment), status, call.cancel, confirm, log.write, recording.record.id
    )
    stores = [each.connection for each in (*job.inputs, *job.outputs)]
    if request.is_streaming:
        with alone(stores, call):
            claim(job, request.generations, call)
        keep_running(runtime(job.runtime), job, context, tell)  # beside the Runs that read what it writes
    with alone(stores, call):
        warm(context.executor)
        call.status("starting")
        claim(job, request.generations, call)
        result = run(runtime(job.runtime), job, context)
        sign(job, result.relations, call)
        call.status("verifying the outputs")
        written = verify(job, request.generations, call)
    for line in _told(result):
        log.write(line)
    return RunOutcome(written, result.counts, recording.record, result.notes)


def _told(result: RunResult) -> Iterator[str]:
    yield from result.notes
    yield ", ".join(f"{name} {count:,}" for name, count in result.counts.items()) or "done"


def cache(environment: str) -> Path:
    """The folder of what is kept between Runs of an environment."""
    folder = CACHE / environment
    folder.mkdir(parents=True, exist_ok=True)
    return folder.absolute()
