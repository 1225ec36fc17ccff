"""Running a child process whose output is kept for the error message, and which never outlives us."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_KEPT_LINES: Final = 12
_GRACE: Final = 3.0

OnLine = Callable[[str], None]
"""Called with each line a child prints, from another thread."""


@dataclass(frozen=True)
class Ended:
    """How a child process ended.

    Attributes:
        code: Its exit code; negative the number of the signal that ended it.
        tail: The last lines it printed, standard output and error together.
        timed_out: Whether it was stopped because its time was over.
    """

    code: int
    tail: tuple[str, ...]
    timed_out: bool = False

    @property
    def is_fine(self) -> bool:
        """Whether it ended with exit code 0, by itself."""
        return self.code == 0 and not self.timed_out


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    on_line: OnLine | None = None,
) -> Ended:
    """Run a command to its end, its whole process group stopped on time-out or interrupt.

    Args:
        command: The program and its arguments; no shell is involved.
        cwd: Where it runs.
        env: Its whole environment; by default ours.
        timeout: Seconds it may take.
        on_line: Called with each line it prints, from another thread.

    Raises:
        OSError: The program cannot be started.
    """
    child = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(env) if env is not None else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    tail: deque[str] = deque(maxlen=_KEPT_LINES)
    reader = threading.Thread(target=_read, args=(child, tail, on_line), daemon=True)
    reader.start()
    timed_out = False
    try:
        child.wait(timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
    finally:
        stop_group(child)
        reader.join(_GRACE)
    return Ended(child.returncode, tuple(tail), timed_out)


def stop_group(child: subprocess.Popen[str] | subprocess.Popen[bytes], grace: float = _GRACE) -> None:
    """Stop a child that leads its own process group, and what it started: first asked, then killed."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace)
            if not _has_members(child.pid):
                return


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _read(child: subprocess.Popen[str], tail: deque[str], on_line: OnLine | None) -> None:
    if child.stdout is None:
        return
    with child.stdout as lines:
        for line in lines:
            text = line.rstrip()
            if not text:
                continue
            tail.append(text)
            if on_line:
                on_line(text)
