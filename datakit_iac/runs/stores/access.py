"""Open Stores, shared by the operations of an update: opening a large one takes longer than using it.

Stores with a single writer are kept open here; sessions of servers are kept by `session_pool`. A Store is closed when a
job needs exclusive access, when an operation fails, after a moment without use, and at intervals, so that another
process gets its turn.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from datakit_iac.contract.connection import Connection
from datakit_iac.runs.operation import Operation
from datakit_iac.runs.stores.locks import lock, turn
from datakit_iac.runs.stores.session_pool import close_pools, pooled
from datakit_iac.technologies.technology import Session, technology

IDLE: Final = 0.5
"""Seconds without use after which a Store is closed."""
LONGEST: Final = 5.0
"""Seconds after which a Store is closed though it is in use."""
PAUSE: Final = 0.2
"""Seconds that it stays closed then: longer than another process that waits for it lets pass between two attempts."""


@dataclass(eq=False)
class _Open:
    """A Store that is open.

    Attributes:
        session: what its operations share.
        resources: closes it.
        since: when it was opened, in seconds of the monotonic clock.
        used: when it was used last.
    """

    session: Session
    resources: ExitStack
    since: float = field(default_factory=time.monotonic)
    used: float = field(default_factory=time.monotonic)


_OPEN: Final[dict[str, _Open]] = {}
"""By location; each is looked at in its Store's turn alone."""


@contextmanager
def opened(connection: Connection, call: Operation, *, create: bool = False) -> Iterator[Session]:
    """An open Store, in its turn.

    Raises:
        Cancelled: the user stopped the wait.
        StoreError: it cannot be opened; `StoreMissingError` where it is not there.
    """
    found = technology(connection.technology)
    if not found.capabilities.single_writer:
        is_pooled = found.capabilities.pooled
        several = pooled(connection, call, create=create) if is_pooled else found.open(connection, create=create)
        with several as session:
            yield session
        return
    location = found.location(connection)
    with turn(location, call):
        kept = _kept(location) or _open(location, connection, create)
        try:
            yield kept.session
        except BaseException:
            del _OPEN[location]
            with kept.resources:
                raise
        kept.used = time.monotonic()


@contextmanager
def alone(connections: Iterable[Connection], call: Operation) -> Iterator[None]:
    """Hold several Stores for a job that opens them itself.

    It is always in the same order, so that two jobs never wait for each other.

    Raises:
        Cancelled: the user stopped the wait.
    """
    locations = {
        found.location(each)
        for each in connections
        if (found := technology(each.technology)).capabilities.single_writer
    }
    with ExitStack() as held:
        for location in sorted(locations):
            held.enter_context(turn(location, call))
            _close(location)
        yield


def close_all(patience: float = 0) -> None:
    """Close what is open, as far as those who use it are done within so many seconds each."""
    close_pools()
    for location in list(_OPEN):
        with lock(location, patience) as is_ours:
            if is_ours:
                _close(location)


def _kept(location: str) -> _Open | None:
    kept = _OPEN.get(location)
    if kept and time.monotonic() - kept.since > LONGEST:
        _close(location)
        time.sleep(PAUSE)
        return None
    return kept


def _open(location: str, connection: Connection, create: bool) -> _Open:
    resources = ExitStack()
    session = resources.enter_context(technology(connection.technology).open(connection, create=create))
    kept = _OPEN[location] = _Open(session, resources)
    threading.Thread(target=_watch, args=(location, kept.since), name=f"idle {location}", daemon=True).start()
    return kept


def _close(location: str) -> None:
    if kept := _OPEN.pop(location, None):
        kept.resources.close()


def _watch(location: str, since: float) -> None:
    """Close a Store that was opened then, once it was not used for a while."""
    while True:
        time.sleep(IDLE / 2)
        with lock(location):
            kept = _OPEN.get(location)
            if kept is None or kept.since != since:
                return
            if time.monotonic() - kept.used >= IDLE:
                _close(location)
                return
        del kept  # a connection that a sleeping thread holds would outlive the interpreter
