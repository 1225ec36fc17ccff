"""The whole catalog of a database, read once for all sessions of it and kept for a moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

LONGEST: Final = 30.0
"""Seconds after which the catalog is read again."""

Relation = TypeVar("Relation")
Name = tuple[str, str]
"""Schema and name of a table or view."""


class Snapshot(Generic[Relation]):
    """What one of a database's sessions read a moment ago, for all of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._relations: Mapping[Name, Relation] | None = None
        self._read = 0.0

    def find(self, read: Callable[[], Mapping[Name, Relation]], name: Name) -> Relation | None:
        """What was at a place.

        Args:
            read: reads everything, where it was not read or not lately.
            name: the place.
        """
        with self._lock:
            if self._relations is None or time.monotonic() - self._read > LONGEST:
                self._read = time.monotonic()
                self._relations = read()
            return self._relations.get(name)

    def forget(self) -> None:
        """Read it again when it is asked next."""
        with self._lock:
            self._relations = None


class Snapshots(Generic[Relation]):
    """One snapshot for each database, as long as a session of it is open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshots: dict[str, Snapshot[Relation]] = {}
        self._open: Counter[str] = Counter()

    @contextmanager
    def of(self, location: str) -> Iterator[Snapshot[Relation]]:
        """That of a database."""
        with self._lock:
            snapshot = self._snapshots.setdefault(location, Snapshot())
            self._open[location] += 1
        try:
            yield snapshot
        finally:
            with self._lock:
                self._open[location] -= 1
                if not self._open[location]:
                    del self._open[location], self._snapshots[location]
