"""Sessions of Stores that several operations use at a time, kept for the next: connecting takes longer than a query."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from datakit_iac.contract.connection import Connection
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.runs.operation import Operation
from datakit_iac.runs.stores.locks import wait
from datakit_iac.technologies.roles import Interruptible
from datakit_iac.technologies.technology import Session, technology

MOST: Final = 4 * (os.cpu_count() or 1)
"""Sessions of one Store: as many as the engine works at a time, by default."""
IDLE: Final = 0.5
"""Seconds without use after which a session is closed."""
_ATTENTION: Final = 0.2
"""Seconds between two checks for a cancellation."""


@dataclass(eq=False)
class _Free:
    """An idle session.

    Attributes:
        connection: what it was opened with.
        session: the session.
        resources: closes it.
        used: when it was used last, in seconds of the monotonic clock.
    """

    connection: Connection
    session: Session
    resources: ExitStack
    used: float = field(default_factory=time.monotonic)


class _Pool:
    """The sessions of one Store."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._free: list[_Free] = []
        self._busy = 0
        self._is_watched = False

    @contextmanager
    def session(self, connection: Connection, call: Operation, *, create: bool) -> Iterator[Session]:
        """A session that is free, or one that is opened, once there may be one more."""
        location = technology(connection.technology).location(connection)
        wait(self._may_begin, f"waiting for a session of {location}", call)
        try:
            taken = (None if create else self._taken(connection)) or _opened(connection, create=create)
            try:
                yield taken.session
            except BaseException:
                with taken.resources:  # which says it in our words
                    raise
            self._give_back(taken)
        finally:
            with self._changed:
                self._busy -= 1
                self._changed.notify()

    def close(self, older: float = 0.0) -> None:
        """Close the sessions that were not used for so many seconds."""
        with self._changed:
            gone = [each for each in self._free if time.monotonic() - each.used >= older]
            self._free = [each for each in self._free if each not in gone]
        for each in gone:
            each.resources.close()

    def _may_begin(self, seconds: float) -> bool:
        with self._changed:
            if is_ours := self._changed.wait_for(lambda: self._busy < MOST, seconds):
                self._busy += 1
            return is_ours

    def _taken(self, connection: Connection) -> _Free | None:
        """A free session of the connection; where there is none, one of another makes room for it."""
        surplus = None
        with self._changed:
            found = next((each for each in reversed(self._free) if each.connection == connection), None)
            if found:
                self._free.remove(found)
            elif self._free and len(self._free) + self._busy > MOST:
                surplus = self._free.pop(0)
        if surplus:
            surplus.resources.close()
        return found

    def _give_back(self, taken: _Free) -> None:
        with self._changed:
            taken.used = time.monotonic()
            self._free.append(taken)
            surplus = self._free.pop(0) if len(self._free) > MOST else None
            is_watched, self._is_watched = self._is_watched, True
        if surplus:
            surplus.resources.close()
        if not is_watched:
            _in_background("idle sessions", self._watch)

    def _watch(self) -> None:
        """Close what is not used for a while, until nothing is left."""
        while True:
            time.sleep(IDLE / 2)
            self.close(IDLE)
            with self._changed:
                if not self._free:
                    self._is_watched = False
                    return


_POOLS: Final[dict[str, _Pool]] = {}
_REGISTER: Final = threading.Lock()


@contextmanager
def pooled(connection: Connection, call: Operation, *, create: bool = False) -> Iterator[Session]:
    """A session of a Store, for one operation; a statement of it ends when the user stops the operation.

    Raises:
        Cancelled: the user stopped it.
        StoreError: the Store cannot be opened; `StoreMissingError` where it is not there.
    """
    pool = _pool(technology(connection.technology).location(connection))
    with pool.session(connection, call, create=create) as session, _stoppable(session, call):
        yield session


def close_pools() -> None:
    """Close all idle sessions."""
    for pool in list(_POOLS.values()):
        pool.close()


def _pool(location: str) -> _Pool:
    with _REGISTER:
        return _POOLS.setdefault(location, _Pool())


def _opened(connection: Connection, *, create: bool) -> _Free:
    resources = ExitStack()
    session = resources.enter_context(technology(connection.technology).open(connection, create=create))
    return _Free(connection, session, resources)


@contextmanager
def _stoppable(session: Session, call: Operation) -> Iterator[None]:
    """What ends a statement that waits or works when the user stops its operation."""
    if not isinstance(session, Interruptible):
        yield
        return
    done, interrupt = threading.Event(), session.interrupt

    def look() -> None:
        while not done.wait(_ATTENTION):
            if call.cancel.is_set():
                interrupt()

    _in_background("cancellation", look)
    try:
        yield
    except Exception:
        if call.cancel.is_set():
            raise Cancelled from None
        raise
    finally:
        done.set()


def _in_background(name: str, work: Callable[[], None]) -> None:
    threading.Thread(target=work, name=name, daemon=True).start()
