"""Running several Transforms, each after those whose outputs it reads, and side by side where they are independent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Final, Literal

from datakit_iac.executors.protocol import Cancelled
from datakit_iac.history.database import HistoryError
from datakit_iac.history.history import AlreadyDoneError
from datakit_iac.history.record import TriggerName
from datakit_iac.runs.execution import carried_out
from datakit_iac.runs.operation import NotDoneError, NotRecordedError, Operation
from datakit_iac.runtimes.job import JobFailedError
from datakit_iac.scheduling.runnable import RunnableProject
from datakit_iac.technologies.technology import StoreError

AT_A_TIME: Final = 4
"""Runs side by side, unless the environment allows fewer."""

Ended = Literal["succeeded", "unchanged", "failed", "cancelled", "skipped"]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one Transform that was to run.

    Attributes:
        transform: its name.
        state: ``unchanged``: its last Run did the same; ``skipped``: one before it failed.
        run: the identifier of its Run; empty where there is none.
        counts: rows by table, or models and tests by result.
        error: why it failed or was skipped.
        notes: what people should know.
        seconds: how long it took.
        is_put_off: whether the history cannot be used now, so that nothing was run.
    """

    transform: str
    state: Ended
    run: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str = ""
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    is_put_off: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """One Transform that is to run.

    Attributes:
        transform: its name.
        trigger: what starts it.
        due: the time of the schedule that it is started for.
        is_forced: whether it runs though nothing changed.
    """

    transform: str
    trigger: TriggerName = "manual"
    due: float | None = None
    is_forced: bool = False


def in_sequence(
    project: RunnableProject, asked: Iterable[Asked], operation: Callable[[str], Operation]
) -> Iterator[Result]:
    """Run Transforms; each result as it comes.

    Where one fails, those that read what it writes are skipped; the others go on.

    Args:
        project: what they belong to.
        asked: what is to run.
        operation: that of a Transform; where its `cancel` is set, the Run stops.
    """
    wanted = {each.transform: each for each in asked}
    order = TopologicalSorter({name: project.before(name) & wanted.keys() for name in wanted})
    order.prepare()
    failed: set[str] = set()
    with ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="run") as threads:
        running: dict[Future[Result], str] = {}
        while order.is_active():
            for name in order.get_ready():
                if before := sorted(project.before(name) & failed):
                    failed.add(name)
                    order.done(name)
                    yield Result(name, "skipped", error=f"{' and '.join(before)} did not succeed")
                else:
                    running[threads.submit(run_one, project, wanted[name], operation(name))] = name
            for done in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                name, result = running.pop(done), done.result()
                if result.state not in ("succeeded", "unchanged"):
                    failed.add(name)
                order.done(name)
                yield result


def run_one(project: RunnableProject, asked: Asked, call: Operation) -> Result:
    """Run one Transform; what came of it, whatever it is."""
    begun, name = time.monotonic(), asked.transform

    def seconds() -> float:
        return time.monotonic() - begun

    try:
        request = project.request(name, call, trigger=asked.trigger, due=asked.due, force=asked.is_forced)
        outcome = carried_out(request, call)
    except Cancelled:
        return Result(name, "cancelled", error=call.cancel.reason, seconds=seconds())
    except AlreadyDoneError:
        return Result(name, "unchanged", error="another scheduler has started it", seconds=seconds())
    except (NotRecordedError, HistoryError) as fault:
        return Result(name, "failed", error=str(fault), seconds=seconds(), is_put_off=True)
    except (NotDoneError, JobFailedError, StoreError, LookupError, OSError) as failure:
        return Result(name, "failed", error=str(failure), seconds=seconds())
    state: Ended = "unchanged" if outcome.is_adopted else "succeeded"
    return Result(name, state, outcome.record.id, outcome.counts, notes=outcome.notes, seconds=seconds())
