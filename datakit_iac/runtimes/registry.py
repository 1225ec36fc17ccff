"""The installed runtimes, found through an entry-point group."""

from __future__ import annotations

from typing import Final

from datakit_iac import installed
from datakit_iac.findings.nearest import nearest
from datakit_iac.runtimes.job import Runtime

GROUP: Final = "datakit.runtimes"


def runtimes() -> tuple[str, ...]:
    """The names of the installed runtimes."""
    return installed.names(GROUP)


def runtime(name: str) -> Runtime:
    """The one Runtime of that name in this process.

    Raises:
        LookupError: there is none; the text names the nearest.
    """
    if not installed.has(GROUP, name):
        raise LookupError(f"no runtime {name!r} is installed: {nearest(name, runtimes())}")
    found: Runtime = installed.made(GROUP, name)
    return found
