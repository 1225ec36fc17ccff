"""Opening a DuckDB file, of which one process at a time may be the writer; the driver is all that is imported."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb

_HOLDER: Final = re.compile(r"held in (.+?) \(PID (\d+)\)", re.IGNORECASE)
_FIRST_PAUSE: Final = 0.05


class OpeningError(Exception):
    """A file cannot be opened; the text says why, and names the process that holds it."""


def opened(
    path: Path,
    patience: float,
    *,
    longest_pause: float,
    waiting: Callable[[str], None] = lambda _: None,
    **settings: Any,
) -> duckdb.DuckDBPyConnection:
    """Open a file, after another process that has it open.

    Args:
        path: the file; its folder is made.
        patience: seconds to wait.
        longest_pause: seconds between two attempts, at most.
        waiting: called once with the holder.
        settings: DuckDB's own.

    Raises:
        OpeningError: it stays held, is not a DuckDB file, or its folder cannot be made.
    """
    deadline, pause, is_told = time.monotonic() + patience, _FIRST_PAUSE, False
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return duckdb.connect(path, config=settings)
        except OSError as fault:
            raise OpeningError(f"the folder of DuckDB file {path} cannot be made: {fault.strerror}") from fault
        except duckdb.Error as fault:
            if "lock" not in str(fault).lower():
                first = str(fault).partition("\n")[0]
                raise OpeningError(f"{path} cannot be opened as a DuckDB file: {first}") from fault
            if time.monotonic() + pause > deadline:
                held = f"DuckDB file {path} is held by {_holder(fault)}; end it and try again"
                raise OpeningError(f"{held} (after {patience:g} s of waiting)") from fault
            if not is_told:
                is_told = True
                waiting(_holder(fault))
            time.sleep(pause)
            pause = min(2 * pause, longest_pause)


def _holder(fault: Exception) -> str:
    match = _HOLDER.search(str(fault))
    return f"process {match.group(2)} ({match.group(1)})" if match else "another process"
