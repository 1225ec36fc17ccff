"""Locks on a stack's local state: who holds one, and whether that process can still be alive."""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from datakit_iac.toolchain.setup.project import Project

_SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class Lock:
    """A lock that a Pulumi process took on a stack.

    Attributes:
        path: Its file.
        pid: The process that took it; 0 where the file does not say.
        host: The machine that process was on.
        user: Whose it was.
        taken: When, in seconds since 1970; None where the file does not say.
    """

    path: Path
    pid: int
    host: str
    user: str
    taken: float | None

    @property
    def is_dead(self) -> bool:
        """Whether its process is known to be gone: it was on this machine, and is not there any more."""
        if not self.pid or self.host != socket.gethostname():
            return False
        started = _started(self.pid)
        if started is None:
            return not _is_alive(self.pid)
        return self.taken is not None and started > self.taken + _SLACK_SECONDS

    def __str__(self) -> str:
        since = f" since {datetime.fromtimestamp(self.taken):%H:%M:%S}" if self.taken else ""
        return f"process {self.pid or '?'} of {self.user or '?'} on {self.host or '?'}{since}"


def locks_on(project: Project, stack: str) -> list[Lock]:
    """The locks on a stack, the oldest first; none where its state is not local."""
    if project.state is None:
        return []
    folder = project.state / ".pulumi" / "locks" / "organization" / project.name / stack
    return sorted((_read(path) for path in folder.glob("*.json")), key=lambda lock: lock.taken or 0)


def clear_dead(project: Project, stack: str) -> tuple[list[Lock], list[Lock]]:
    """Remove the locks whose process is known to be gone.

    Returns:
        The locks removed, and those that remain.
    """
    removed, held = [], []
    for lock in locks_on(project, stack):
        if lock.is_dead:
            lock.path.unlink(missing_ok=True)
            removed.append(lock)
        else:
            held.append(lock)
    return removed, held


def _read(path: Path) -> Lock:
    try:
        data = json.loads(path.read_text())
        taken = datetime.fromisoformat(data["timestamp"]).timestamp()
        return Lock(path, int(data["pid"]), str(data["hostname"]), str(data["username"]), taken)
    except (OSError, ValueError, KeyError, TypeError):
        return Lock(path, 0, "", "", None)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> float | None:
    """When a process started, in seconds since 1970, on systems with /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        uptime = float(Path("/proc/uptime").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    ticks = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - uptime + ticks
