"""What would run, and why, without running it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from datakit_iac.history.database import HistoryError
from datakit_iac.history.history import Latest
from datakit_iac.runs.earlier import adopted
from datakit_iac.runs.operation import NotDoneError, Operation
from datakit_iac.runs.request import RunRequest
from datakit_iac.runtimes.execution import rendered
from datakit_iac.runtimes.job import JobFailedError
from datakit_iac.runtimes.registry import runtime
from datakit_iac.runtimes.whole_job import carried_by
from datakit_iac.scheduling.runnable import RunnableProject
from datakit_iac.scheduling.sequence import Asked
from datakit_iac.technologies.technology import StoreError


@dataclass(frozen=True, slots=True)
class Foresight:
    """What would come of one Transform.

    Attributes:
        transform: its name.
        would: ``run``, ``perhaps`` where a Run before it decides, ``not run``, or ``fail``.
        reason: why.
        workload: what would be started; empty where nothing is.
    """

    transform: str
    would: Literal["run", "perhaps", "not run", "fail"]
    reason: str
    workload: str = ""


def foretold(
    project: RunnableProject, asked: Iterable[Asked], operation: Callable[[str], Operation]
) -> Iterator[Foresight]:
    """What would come of Transforms that are asked for, in an order in which they could run."""
    would_run: set[str] = set()
    for each in asked:
        name = each.transform
        if before := sorted(project.before(name) & would_run):
            would_run.add(name)
            yield Foresight(name, "perhaps", f"{' and '.join(before)} would run before it")
            continue
        found = _foretold(project, each, operation(name))
        if found.would == "run":
            would_run.add(name)
        yield found


def _foretold(project: RunnableProject, asked: Asked, call: Operation) -> Foresight:
    name = asked.transform
    try:
        request = project.request(name, call, trigger=asked.trigger, force=asked.is_forced)
        latest = project.history.latest(name).get(name)
        if outcome := adopted(request, call, latest):
            return Foresight(name, "not run", f"{outcome.record.described} did the same")
        return Foresight(
            name,
            "run",
            _reason(request, latest),
            str(rendered(carried_by(runtime(request.job.runtime), request.job, request.executor), request.job)),
        )
    except (NotDoneError, StoreError, HistoryError, LookupError, JobFailedError) as failure:
        return Foresight(name, "fail", str(failure))


_STATES: Final = {
    "running": "is not over",
    "queued": "is not over",
    "failed": "failed",
    "cancelled": "was cancelled",
    "lost": "was lost",
}


def _reason(request: RunRequest, latest: Latest | None) -> str:
    if request.is_streaming:
        return "it is streaming: it is kept running until it is stopped"
    if request.is_forced:
        return "forced"
    if latest is None:
        return "it never ran"
    last = latest.run
    if last.state != "succeeded":
        return f"its last Run {_STATES[last.state]}"
    if last.definition != request.definition:
        return "its definition changed"
    changed = [name for name, version in request.versions.items() if last.inputs.get(name) != version]
    if changed or {*last.inputs} != {*request.versions}:
        return f"{', '.join(changed) or 'what it reads'} changed"
    return "an output is not as its last Run left it"
