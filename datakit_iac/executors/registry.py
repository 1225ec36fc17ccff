"""The installed executors, found through an entry-point group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from datakit_iac import installed
from datakit_iac.executors.protocol import Configurable, Executor
from datakit_iac.findings.fault import Fault
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest.values.open_names import DEFAULT_EXECUTOR

GROUP: Final = "datakit.executors"


def executors() -> tuple[str, ...]:
    """The names of the installed executors."""
    return installed.names(GROUP)


def executor(name: str = DEFAULT_EXECUTOR, settings: Mapping[str, Any] | None = None) -> Executor:
    """The Executor of that name, as settings say it: there is one of each name in this process.

    Raises:
        LookupError: there is none; the text names the nearest.
    """
    if not installed.has(GROUP, name):
        raise LookupError(f"no executor {name!r} is installed: {nearest(name, executors())}")
    found: Executor = installed.made(GROUP, name)
    return found.configured(settings) if settings and isinstance(found, Configurable) else found


def invalid_settings(name: str, settings: Mapping[str, Any]) -> Sequence[Fault]:
    """The faults of an executor's settings, as it finds them itself; none of one that takes no settings.

    Raises:
        LookupError: there is none of that name.
    """
    found = executor(name)
    return found.check(settings) if settings and isinstance(found, Configurable) else ()


def runs_images(name: str) -> bool:
    """Whether the executor of that name runs jobs in images alone; assumed of one that is not installed.

    One that sees the files of this machine runs code of this machine, too.
    """
    if not installed.has(GROUP, name):
        return True
    able = executor(name).capabilities
    return able.runs_images and not able.shares_filesystem
