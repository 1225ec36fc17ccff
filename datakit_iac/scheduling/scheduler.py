"""The scheduler: it starts what is due, what reads a source that changed, and what reads what another Run wrote."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from datakit_iac.history.database import HistoryError
from datakit_iac.history.leases import Lease
from datakit_iac.runs.operation import Operation, Stop
from datakit_iac.runtimes.execution import pause
from datakit_iac.scheduling.agenda import Agenda, at
from datakit_iac.scheduling.runnable import RunnableProject
from datakit_iac.scheduling.sequence import Asked, Result, run_one
from datakit_iac.scheduling.sources import Sources

TICK: Final = 0.5
"""Seconds between two looks at what is due."""
LEASE: Final = 15.0
"""Seconds that the leading scheduler leads, without a word from it."""
_RENEWAL: Final = 5.0
_LOOK: Final = 30.0
_LONGEST_PAUSE: Final = 30.0
"""Seconds between two attempts to use a history that cannot be used, at most."""
AT_A_TIME: Final = 16
"""Runs side by side, unless the environment allows fewer."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A Run that was started."""

    asked: Asked
    call: Operation
    future: Future[Result]

    @property
    def result(self) -> Result:
        """What came of it; a fault of one Run does not end the others."""
        try:
            return self.future.result()
        except Exception as fault:
            message = f"internal error (please report it): {type(fault).__name__}: {fault}"
            return Result(self.asked.transform, "failed", error=message)


class Scheduler:
    """Starts the Transforms of an environment. Of several, one leads, and the others wait.

    Args:
        project: what it begins with.
        load: the project as it is now; None where it did not change since it was last asked.
        operation: that of a Run, by the Transform's name.
        show: takes each result.
        holder: the name of this scheduler, another for each.
        poll: seconds between two looks at sources.
        schedules: whether it starts what is due by its schedule.
        look: called from time to time, with the project as it is then.
        now: the present time.
    """

    def __init__(
        self,
        project: RunnableProject,
        load: Callable[[], RunnableProject | None],
        operation: Callable[[str], Operation],
        show: Callable[[Result, Asked], None],
        *,
        holder: str,
        poll: float = 60.0,
        schedules: bool = True,
        look: Callable[[RunnableProject], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._load, self._operation, self._show, self._now = load, operation, show, now
        self._poll, self._holder, self._look, self._schedules = poll, holder, look, schedules
        self._threads = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="run")
        self._running: dict[str, _Running] = {}
        self._again: dict[str, Asked] = {}
        self._put_off: dict[str, Asked] = {}
        self._fault, self._attempts = "", 0
        self._renewed = self._polled = self._read = self._looked = float("-inf")
        self._leads = False
        self._take(project)

    def run(self, stop: Stop) -> None:
        """Start what is due until it is asked to stop; then wait for what runs, which is stopped too.

        While the history cannot be read or written, nothing is started: that is said, and tried again. What was due
        meanwhile is started when it can.
        """
        try:
            while not stop.is_set():
                stop.wait(self._tried())
        finally:
            self._end()

    def once(self, stop: Stop) -> None:
        """Start what is due now, and what follows from it; return when it is over.

        Raises:
            HistoryError: it cannot be read or written.
        """
        try:
            while not stop.is_set():
                self.step()
                if self._leads and not self._running and not self._again:
                    return
                stop.wait(TICK)
        finally:
            self._end()

    def _tried(self) -> float:
        """Look once; the seconds until the next look."""
        try:
            self.step()
        except (HistoryError, OSError) as fault:
            self._leads, self._renewed, self._attempts = False, float("-inf"), self._attempts + 1
            seconds = min(pause(self._attempts), _LONGEST_PAUSE)
            self._operation("scheduler").warn(f"{fault}; nothing is started, next attempt in {seconds:g} s")
            return seconds
        if self._attempts:
            self._attempts = 0
            self._operation("scheduler").warn("the history can be used again")
        return TICK

    def step(self) -> None:
        """Look once at what is to be started.

        Raises:
            HistoryError: the history cannot be read or written.
        """
        self._collect()
        if self._fault:
            fault, self._fault = self._fault, ""
            raise HistoryError(fault)
        if not self._is_leading():
            return
        if project := self._reloaded():
            self._take(project)
        put_off, self._put_off = self._put_off, {}
        for asked in put_off.values():
            self._start(asked)
        for name, due in self._agenda.due(self._now()):
            self._start(Asked(name, "schedule", due.timestamp()))
        for name in self._changed():
            self._start(Asked(name, "on-change"))
        if time.monotonic() - self._looked >= _LOOK:
            self._looked = time.monotonic()
            self._project.forget()
            self._look(self._project)

    def _take(self, project: RunnableProject) -> None:
        """Go on with a project: what it schedules, and, once, everything that runs on a change."""
        self._project, self._sources, self._polled = project, Sources(project), float("-inf")
        self._lease = Lease(project.database, "scheduler", self._holder)
        done = {name: at(due) for name, due in project.history.latest_due().items()}
        self._agenda = Agenda(project.schedules() if self._schedules else {}, done, self._now())
        self._seen = project.history.succeeded()
        self._waiting = dict.fromkeys(project.on_change())

    def _is_leading(self) -> bool:
        if time.monotonic() - self._renewed >= _RENEWAL:
            led, self._leads = self._leads, self._lease.take(LEASE)
            self._renewed = time.monotonic()
            if self._leads and not led:  # what another started meanwhile is not due any more
                self._project.history.sweep()
                self._take(self._project)
        return self._leads

    def _reloaded(self) -> RunnableProject | None:
        if time.monotonic() - self._read < _RENEWAL:
            return None
        self._read = time.monotonic()
        return self._load()

    def _changed(self) -> dict[str, None]:
        """The Transforms that run on a change, and of which an input may have changed."""
        found, self._waiting = self._waiting, {}
        succeeded = self._project.history.succeeded()
        for name, run in succeeded.items():
            if self._seen.get(name) != run:
                found |= dict.fromkeys(self._project.readers(name))
        self._seen = succeeded
        if time.monotonic() - self._polled >= self._poll:
            self._polled = time.monotonic()
            found |= dict.fromkeys(self._sources.changed(self._operation("sources")))
        return found

    def _start(self, asked: Asked) -> None:
        if asked.transform in self._running:
            self._again[asked.transform] = asked
            return
        call = self._operation(asked.transform)
        future = self._threads.submit(run_one, self._project, asked, call)
        self._running[asked.transform] = _Running(asked, call, future)

    def _collect(self) -> None:
        """Show what has ended, and start what was asked for meanwhile."""
        for name, each in [*self._running.items()]:
            if each.future.done():
                del self._running[name]
                result, asked = each.result, self._again.pop(name, None)
                if result.is_put_off:
                    self._put_off[name], self._fault = asked or each.asked, result.error
                    continue
                self._show(result, each.asked)
                if asked:
                    self._start(asked)

    def _end(self) -> None:
        for each in self._running.values():
            each.call.cancel.because("the scheduler was stopped")
        self._again.clear()
        self._threads.shutdown()
        self._collect()
        if self._leads:
            with suppress(HistoryError):  # then it is over soon
                self._lease.give_back()
