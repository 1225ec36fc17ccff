"""What an Executor promises: run a job's command, tell its lines, stop it when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Command:
    """One process to run.

    Attributes:
        argv: program and arguments; never a secret among them.
        cwd: the folder it runs in.
        env: variables on top of those of the machine, see `executors.variables`; secrets go here.
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


class Conversation(Protocol):
    """A running process that reads lines and answers with lines."""

    def send(self, line: str) -> None:
        """Write a line to the process.

        Raises:
            EOFError: it has ended.
        """

    def receive(self, timeout: float) -> str | None:
        """The next line without its end, or None where there is none within `timeout` seconds.

        Raises:
            EOFError: it has ended and every line was given out.
        """

    def stop(self) -> int:
        """End the whole family of the process within 5 seconds; its exit code. May be called again."""


@runtime_checkable
class Converses(Protocol):
    """The ability of some Executors to keep a process between jobs, so that its start-up is paid once."""

    def open(self, command: Command) -> Conversation:
        """Start a process to talk to; its `timeout` is left to the caller.

        Raises:
            FileNotFoundError: there is no such program.
        """
