"""A Run in the history while it lasts: its record, its signs of life and its log."""

from __future__ import annotations

import getpass
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from datakit_iac.history import place
from datakit_iac.history.database import HistoryError
from datakit_iac.history.history import LEASE, History, Latest
from datakit_iac.history.log import Log, swept
from datakit_iac.history.record import RunRecord, State
from datakit_iac.history.uuid7 import uuid7
from datakit_iac.runs.operation import NotRecordedError, Operation
from datakit_iac.runs.request import RunRequest
from datakit_iac.runs.stores.locks import wait

_BEAT: Final = 2.0
"""Seconds between two signs of life."""
_FENCE: Final = LEASE - 10.0
"""Seconds without a sign of life after which a Run is stopped: its job ends before others may take it for lost."""
_PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between two attempts to record an end."""
_POLL: Final = 0.1
"""Seconds between two attempts to begin."""
_KEPT: Final = 30 * 24 * 3600.0
"""Seconds that a log is kept."""
_ENDED: Final = threading.Condition()
"""Notified when a Run of this process ends."""


class Recording:
    """A Run that is recorded.

    Attributes:
        history: where it is.
        record: as it was queued.
        log: what its job prints.
    """

    def __init__(self, history: History, record: RunRecord, log: Log) -> None:
        self.history, self.record, self.log = history, record, log

    def turn(self, most: int | None, saying: str, call: Operation) -> Latest | None:
        """Wait for its turn; the Runs of its Transform before it.

        Args:
            most: how many of the environment may run at a time.
            saying: what is shown meanwhile.
            call: the operation.

        Raises:
            Cancelled: the user stopped the wait.
        """
        turns: list[Latest | None] = []

        def comes(seconds: float) -> bool:
            until = time.monotonic() + seconds
            while not (turn := self.history.start(self.record.id, most)):
                if time.monotonic() >= until:
                    return False
                with _ENDED:
                    _ENDED.wait(_POLL)
            turns.append(turn.previous)
            return True

        wait(comes, saying, call)
        return turns[0]

    def withdraw(self, previous: Latest | None) -> None:
        """Forget it: nothing was run. Where that cannot be written, it counts as lost."""
        with suppress(HistoryError):
            self.history.withdraw(self.record, previous)

    def end(
        self,
        state: State,
        call: Operation,
        *,
        error: str = "",
        outputs: Mapping[str, str] | None = None,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        """Record how it ended, in several attempts; where that cannot be written, it is said."""
        if error:
            self.log.write(error)
        for pause in (*_PAUSES, None):
            try:
                self.history.end(self.record, state, outputs=outputs, counts=counts, error=error)
            except HistoryError as fault:
                if pause is None or call.cancel.wait(pause):
                    call.warn(f"the Run {state}, and {fault}; it may be repeated")
                    return
            else:
                return


def opened(request: RunRequest, call: Operation) -> History:
    """The history that a Run is recorded in.

    Raises:
        NotRecordedError: it cannot be opened.
    """
    try:
        return History(place.opened(call.stack, request.history))
    except HistoryError as fault:
        raise NotRecordedError(str(fault)) from fault


@contextmanager
def recorded(request: RunRequest, call: Operation, history: History) -> Iterator[Recording]:
    """The record of a Run, queued, for the time of the block; a request to stop it sets the operation's `cancel`.

    Raises:
        NotRecordedError: it cannot be recorded; nothing is run.
        AlreadyDoneError: it is due at a time for which there is a Run already.
    """
    job, run = request.job, str(uuid7())
    logs = place.folder(call.environment) / "logs"
    try:
        log = Log((logs / f"{run}.log").absolute())
    except OSError as fault:
        raise NotRecordedError(f"the log of the Run cannot be made: {fault}") from fault
    record = RunRecord(
        id=run,
        stack=call.stack,
        transform=job.transform,
        trigger=request.trigger,
        definition=request.definition,
        identity=job.identity,
        state="queued",
        queued_at=time.time(),
        inputs=dict(request.versions),
        generations=dict(request.generations),
        due=request.due,
        host=history.host,
        log=str(log.path),
        started_by=_user(),
    )
    over = threading.Event()
    try:
        history.queue(record)
        beats = threading.Thread(target=_beat, args=(history, run, call, over), name=f"beat {run}", daemon=True)
        beats.start()
        yield Recording(history, record, log)
    except HistoryError as fault:
        raise NotRecordedError(str(fault)) from fault
    finally:
        over.set()
        log.close()
        if log.fault:
            call.warn(log.fault)
        swept(logs, _KEPT)
        with _ENDED:
            _ENDED.notify_all()


def _beat(history: History, run: str, call: Operation, over: threading.Event) -> None:
    last = time.monotonic()
    while not over.wait(_BEAT):
        try:
            if reason := history.beat(run):
                call.cancel.because(reason)
            last = time.monotonic()
        except HistoryError as fault:  # the next one may be written
            if history.is_shared and time.monotonic() - last > _FENCE:
                call.cancel.because(f"other machines may take it for lost: {fault}")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may know no name of its user
        return ""
