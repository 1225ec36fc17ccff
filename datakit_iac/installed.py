"""What packages have installed in an entry-point group: technologies, runtimes, rules."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any


@cache
def names(group: str) -> tuple[str, ...]:
    """The names in a group; they are asked for again and again, and looking takes 30 ms."""
    return tuple(sorted(point.name for point in entry_points(group=group)))


@cache
def made(group: str, name: str) -> Any:
    """The one object in this process of a class that is installed.

    Args:
        group: the entry-point group.
        name: one of its names.
    """
    (point, *_) = entry_points(group=group, name=name)
    return point.load()()
