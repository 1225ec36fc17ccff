"""What an Executor promises: run a job's command, tell its lines, stop it when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Command:
    """One process to run.

    Attributes:
        argv: program and arguments; never a secret among them.
        cwd: the folder it runs in.
        env: variables on top of the caller's own; secrets go here.
        timeout: seconds until it is stopped; None for no limit.
    """

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    timeout: float | None = None


class Cancelled(Exception):  # noqa: N818 - reads as what happened
    """The job was stopped because the user asked for it; its processes are gone."""


class Executor(Protocol):
    """Where jobs run."""

    def run(self, command: Command, *, on_line: Callable[[str], None], cancel: threading.Event) -> int:
        """Run to the end and return the exit code.

        Each line of output (stdout and stderr as one) goes to `on_line` as it comes. When `cancel` is set, or the
        time-out passes, or this process dies, the whole family of the child is ended within 5 seconds.

        Raises:
            Cancelled: `cancel` was set.
            TimeoutError: the time-out passed.
            FileNotFoundError: there is no such program.
        """
