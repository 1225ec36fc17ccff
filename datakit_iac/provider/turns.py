"""Taking turns: a Store that only one process may have open is used by one operation at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from datakit_iac.executors.process import Cancelled
from datakit_iac.provider.lifecycle import Call
from datakit_iac.technologies.bound import Connection
from datakit_iac.technologies.technology import Session, Technology, technology

_LOCKS: Final[dict[str, threading.Lock]] = {}
_REGISTER: Final = threading.Lock()

_PATIENCE: Final = 1.0
"""Seconds of waiting that are not worth a word."""
_ATTENTION: Final = 0.2
"""Seconds after which somebody who waits looks whether the user wants to stop."""


def wait(comes: Callable[[float], bool], saying: str, call: Call) -> None:
    """Wait for something, and say so if that takes a while.

    Args:
        comes: waits so many seconds; whether it came.
        saying: what is shown meanwhile.
        call: the operation that waits.

    Raises:
        Cancelled: the user stopped the wait.
    """
    if comes(_PATIENCE):
        return
    call.status(saying)
    while not comes(_ATTENTION):
        if call.cancel.is_set():
            raise Cancelled


@contextmanager
def turn(found: Technology, connection: Connection, call: Call) -> Iterator[None]:
    """Hold one Store, after whoever holds it now.

    Raises:
        Cancelled: the user stopped the wait.
    """
    if not found.capabilities.single_writer:
        yield
        return
    location = found.location(connection)
    with _REGISTER:
        lock = _LOCKS.setdefault(location, threading.Lock())
    wait(lambda seconds: lock.acquire(timeout=seconds), f"waiting for {location}", call)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def turns(connections: Iterable[Connection], call: Call) -> Iterator[None]:
    """Hold several Stores, always in the same order, so that two operations never wait for each other."""
    stores = {technology(each.technology).location(each): each for each in connections}
    with ExitStack() as held:
        for _, each in sorted(stores.items()):
            held.enter_context(turn(technology(each.technology), each, call))
        yield


@contextmanager
def opened(connection: Connection, call: Call, *, create: bool = False) -> Iterator[Session]:
    """An open Store, in its turn.

    Raises:
        Cancelled: the user stopped the wait.
        StoreError: it cannot be opened; `StoreMissingError` where it is not there.
    """
    found = technology(connection.technology)
    with turn(found, connection, call), found.open(connection, create=create) as session:
        yield session
