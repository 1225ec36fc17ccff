"""The installed executors, found through an entry-point group."""

from __future__ import annotations

from typing import Final

from datakit_iac import installed
from datakit_iac.executors.protocol import Executor
from datakit_iac.findings.nearest import nearest

GROUP: Final = "datakit.executors"

DEFAULT: Final = "local"
"""The executor of an environment that names none."""


def executors() -> tuple[str, ...]:
    """The names of the installed executors."""
    return installed.names(GROUP)


def executor(name: str = DEFAULT) -> Executor:
    """The one Executor of that name in this process.

    Raises:
        LookupError: there is none; the text names the nearest.
    """
    if name not in executors():
        raise LookupError(f"no executor {name!r} is installed: {nearest(name, executors())}")
    found: Executor = installed.made(GROUP, name)
    return found
