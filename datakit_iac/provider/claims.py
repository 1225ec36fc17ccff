"""Whose each place is: within one update, a place has one resource."""

from __future__ import annotations

import threading


class Claims:
    """The places of the resources that this update has checked; a resource that it removes is not among them."""

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Another update begins."""
        with self._lock:
            self._holders.clear()
            self._places.clear()

    def claim(self, urn: str, place: str) -> str:
        """Take a place for a resource, which then has that alone.

        Returns:
            The resource whose place it is: itself, or the one that was first.
        """
        with self._lock:
            holder = self._holders.setdefault(place, urn)
            if holder == urn:
                if (former := self._places.get(urn, place)) != place:
                    del self._holders[former]
                self._places[urn] = place
            return holder
