"""Taking turns: a Store that only one process may have open is used by one operation at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from datakit_iac.executors.protocol import Cancelled
from datakit_iac.runs.operation import Operation

_LOCKS: Final[dict[str, threading.Lock]] = {}
_REGISTER: Final = threading.Lock()

_PATIENCE: Final = 1.0
"""Seconds of waiting before a message is shown."""
_ATTENTION: Final = 0.2
"""Seconds between two checks for a cancellation while waiting."""


def wait(comes: Callable[[float], bool], saying: str, call: Operation) -> None:
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
def turn(location: str, call: Operation) -> Iterator[None]:
    """Hold the Store at a location, once its present holder releases it.

    Raises:
        Cancelled: the user stopped the wait.
    """
    held = _lock(location)
    wait(lambda seconds: held.acquire(timeout=seconds), f"waiting for {location}", call)
    try:
        yield
    finally:
        held.release()


@contextmanager
def lock(location: str, patience: float = -1) -> Iterator[bool]:
    """Hold the Store at a location, and tell whether it came free within so many seconds; -1 is without end."""
    held = _lock(location)
    is_ours = held.acquire(timeout=patience)
    try:
        yield is_ours
    finally:
        if is_ours:
            held.release()


def _lock(location: str) -> threading.Lock:
    with _REGISTER:
        return _LOCKS.setdefault(location, threading.Lock())
