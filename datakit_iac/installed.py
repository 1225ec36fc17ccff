"""What packages have installed in an entry-point group: technologies, runtimes, rules."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoints, distribution, entry_points
from threading import RLock
from typing import Any, Final


def points(group: str, name: str) -> EntryPoints:
    """What is installed in a group under a name, ours before others; nothing of it is imported."""
    return _ours().select(group=group, name=name) or _all().select(group=group, name=name)


@cache
def has(group: str, name: str) -> bool:
    """Whether something is installed in a group under a name; of ours, it is known without looking at all packages."""
    return bool(points(group, name))


@cache
def names(group: str) -> tuple[str, ...]:
    """The names in a group."""
    return tuple(sorted(point.name for point in _all().select(group=group)))


def ours(group: str) -> tuple[str, ...]:
    """The names of those in a group that are ours."""
    return tuple(sorted(point.name for point in _ours().select(group=group)))


def made(group: str, name: str) -> Any:
    """The one object in this process of a class that is installed, whichever thread asks first.

    Args:
        group: the entry-point group.
        name: one of its names.
    """
    key = (group, name)
    if key not in _made:
        with _making:
            if key not in _made:
                (point, *_) = points(group, name)
                _made[key] = point.load()()
    return _made[key]


_made: Final[dict[tuple[str, str], Any]] = {}
_making: Final = RLock()  # `cache` locks nothing: each thread that asks before the first has its answer makes one more
_all = cache(entry_points)  # once for all groups: to look through every package takes 10 ms


@cache
def _ours() -> EntryPoints:
    """Those of this package, which take 2 ms to find."""
    return distribution("datakit-iac").entry_points
