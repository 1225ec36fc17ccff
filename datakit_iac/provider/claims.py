"""Claims of resources on places: within one update, a place belongs to one resource."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection


class Claims:
    """The places of the DataSets that an update has checked, without those that it removes, and which it had before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.begin()

    def begin(self) -> None:
        """Another update begins."""
        with self._lock:
            self._holders: dict[str, str] = {}
            self._places: dict[str, dict[str, str]] = defaultdict(dict)
            self._recorded: set[str] = set()

    def record(self, urn: str) -> None:
        """Note that the state has a resource."""
        with self._lock:
            self._recorded.add(urn)

    def is_recorded(self, urn: str) -> bool:
        """Whether the state had a resource when this update began: what is created now replaces it."""
        with self._lock:
            return urn in self._recorded

    def claim(self, urn: str, name: str, place: str) -> str:
        """Claim a place for a DataSet, which gives up the place that it claimed before.

        Returns:
            The resource that has the place: this one, or an earlier one.
        """
        with self._lock:
            holder = self._holders.setdefault(place, urn)
            if holder == urn:
                if (former := self._places[name].get(urn, place)) != place:
                    del self._holders[former]
                self._places[name][urn] = place
            return holder

    def places(self, name: str) -> Collection[str]:
        """The places of the DataSets of a name, without those that this update leaves out."""
        with self._lock:
            return [*self._places.get(name, {}).values()]
