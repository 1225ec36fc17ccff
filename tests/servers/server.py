"""A server that a test run starts: where its data is, how it is started, when it is ready, how it ends."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Final

_PATIENCE: Final = 60.0
_RANDOM: Final = random.SystemRandom()


class UnavailableError(Exception):
    """A server cannot be started on this machine; the text says what it needs."""


class Server(ABC):
    """One server, with its data and log in a folder of its own.

    Attributes:
        name: what people call it.
        stop_signal: what ends it in an orderly way.
        grace: seconds that its end may take before it is killed.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    grace: ClassVar[float] = 5.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder, once; choose ports and passwords.

        Raises:
            UnavailableError: this machine lacks what it needs.
        """

    @abstractmethod
    def command(self) -> list[str]:
        """What runs the server in the foreground."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it answers."""

    @abstractmethod
    def facts(self) -> dict[str, str]:
        """What a client needs: addresses, users, passwords."""

    def account(self) -> str | None:
        """The user to run as; None for the one who runs the tests."""
        return None

    def environment(self) -> dict[str, str]:
        """Variables of the process, beside those of the tests."""
        return {}

    def start(self) -> None:
        """Start it and wait until it is ready; again on the same data after `stop` or `kill`.

        Raises:
            UnavailableError: this machine lacks what it needs.
            RuntimeError: it ended, or is not ready after a minute.
        """
        self.prepare()
        account = self.account()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=account,
                extra_groups=[] if account else None,
            )
        deadline = time.monotonic() + _PATIENCE
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                log_end = (self.folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{self.name} did not start:\n{log_end}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End it in an orderly way, or by force once its grace is over."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.grace)
        self.kill()

    def kill(self) -> None:
        """End it and all that it started at once, as a loss of power does."""
        if self.process:
            for pid in _family(self.process.pid):  # those of Postgres have sessions of their own
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _family(root: int) -> list[int]:
    """A process and those that it started, itself first."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(pid): int(parent) for pid, parent in (line.split() for line in listed.splitlines())}
    family = [root]
    for pid in family:  # which grows meanwhile
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on.

    It is below those that systems give to connections that go out, so that none of them takes it before the server.
    """
    while True:
        port = _RANDOM.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
