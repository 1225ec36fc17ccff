"""The installed runtimes, found through an entry-point group."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Final

from datakit_iac.manifest.finding import nearest
from datakit_iac.runtimes.job import Runtime

GROUP: Final = "datakit.runtimes"


@cache
def runtimes() -> tuple[str, ...]:
    """The names of the installed runtimes."""
    return tuple(sorted(point.name for point in entry_points(group=GROUP)))


@cache
def runtime(name: str) -> Runtime:
    """The one Runtime of that name in this process.

    Raises:
        LookupError: there is none; the text names the nearest.
    """
    if name not in runtimes():  # asked again for every Transform: looking for what is installed takes 30 ms
        raise LookupError(f"no runtime {name!r} is installed: {nearest(name, runtimes())}")
    (point, *_) = entry_points(group=GROUP, name=name)
    found: Runtime = point.load()()
    return found
