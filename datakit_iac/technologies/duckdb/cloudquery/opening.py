"""Opening a DuckDB file, of which one process at a time may be the writer."""

from __future__ import annotations

import re
import time
from typing import Final

import duckdb

from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.duckdb.cloudquery.spec import DuckDBSpec

_HOLDER: Final = re.compile(r"held in (.+?) \(PID (\d+)\)", re.IGNORECASE)
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0


def connect(spec: DuckDBSpec) -> duckdb.DuckDBPyConnection:
    """Open the file, waiting for another process that has it open.

    Raises:
        PluginFault: it stays held (the holder is named), or is not a DuckDB file.
    """
    deadline, pause, told = time.monotonic() + spec.lock_timeout, _FIRST_PAUSE, False
    while True:
        try:
            spec.path.parent.mkdir(parents=True, exist_ok=True)
            return duckdb.connect(spec.path, config={"threads": spec.threads, "autoinstall_known_extensions": False})
        except OSError as fault:
            raise PluginFault(f"{spec.path}: its folder cannot be made: {fault.strerror}") from fault
        except duckdb.Error as fault:
            if "lock" not in str(fault).lower():
                first = str(fault).partition("\n")[0]
                raise PluginFault(f"{spec.path} cannot be opened as a DuckDB file: {first}") from fault
            if time.monotonic() + pause > deadline:
                raise PluginFault(_held(spec, fault)) from fault
            if not told:
                told = True
                emit(Event("progress", f"waiting for {spec.path.name}, held by {_holder(fault)}"))
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


def _held(spec: DuckDBSpec, fault: Exception) -> str:
    return (
        f"{spec.path} is held by {_holder(fault)}, also after {spec.lock_timeout:g} s of waiting;"
        " DuckDB lets one process write: end that one, or let it finish, and try again"
    )


def _holder(fault: Exception) -> str:
    match = _HOLDER.search(str(fault))
    return f"process {match.group(2)} ({match.group(1)})" if match else "another process"
