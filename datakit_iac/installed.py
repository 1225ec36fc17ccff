"""What packages have installed in an entry-point group: technologies, runtimes, rules."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any


@cache
def points(group: str) -> tuple[EntryPoint, ...]:
    """What is installed in a group; nothing of it is imported."""
    return tuple(_all().select(group=group))


@cache
def names(group: str) -> tuple[str, ...]:
    """The names in a group."""
    return tuple(sorted(point.name for point in points(group)))


@cache
def made(group: str, name: str) -> Any:
    """The one object in this process of a class that is installed.

    Args:
        group: the entry-point group.
        name: one of its names.
    """
    return next(point for point in points(group) if point.name == name).load()()


_all = cache(entry_points)  # once for all groups: to look through every package takes 10 ms
