"""One process of this machine, under a supervisor that ends its whole family with ours."""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from datakit_iac.executors.variables import of_job

_SUPERVISOR: Final = Path(__file__).with_name("supervisor.py")
_PATIENCE: Final = 4.0
"""Seconds a supervisor has to end its family (it insists after 2) before we do it ourselves."""


_LONGEST: Final = 16 << 20
"""Bytes of a line that are kept in memory; what is longer is given out in several."""


class Process:
    """A running process: lines go to its stdin, its stdout and stderr come back as lines.

    Args:
        argv: program and arguments.
        cwd: the folder it runs in.
        declared: variables on top of those of the machine.
        memory: how many bytes it may use with all that comes from it; 0 for any number.
        processors: how many processors it and they may use, on Linux; 0 for all.
        listens: whether it reads what is sent; else its stdin is empty.

    Attributes:
        used: how many bytes it used when it was killed for that; None where it was not.

    Raises:
        FileNotFoundError: there is no such program or folder.
    """

    used: int | None = None

    def __init__(
        self,
        argv: Sequence[str],
        cwd: Path,
        declared: Mapping[str, str] | None = None,
        *,
        memory: int = 0,
        processors: int = 0,
        listens: bool = False,
    ) -> None:
        env = of_job(os.environ, declared or {})
        program = _program(argv[0], cwd, env)
        self._control, theirs = socket.socketpair()
        limits = [str(memory), str(processors)]
        supervisor = [sys.executable, "-I", "-S", str(_SUPERVISOR), str(theirs.fileno()), *limits]
        try:
            self._supervisor = subprocess.Popen(
                [*supervisor, program, *argv],
                cwd=cwd,
                env=env,
                stdin=subprocess.PIPE if listens else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()
        assert self._supervisor.stdout is not None
        self._output = self._supervisor.stdout.fileno()
        os.set_blocking(self._output, False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._output, selectors.EVENT_READ)
        self._lines: deque[str] = deque()
        self._rest = bytearray()
        self._is_open = True
        self._exit_code: int | None = None
        self._stopping = threading.Lock()

    def send(self, line: str) -> None:
        """Write a line to the process.

        Raises:
            EOFError: it has ended.
        """
        stdin = self._supervisor.stdin
        assert stdin is not None, "started without stdin"
        try:
            stdin.write(line.encode() + b"\n")
            stdin.flush()
        except (OSError, ValueError) as fault:
            raise EOFError("the process has ended") from fault

    def receive(self, timeout: float) -> str | None:
        """The next line without its end, or None where there is none within `timeout` seconds.

        Raises:
            EOFError: it has ended and every line was given out.
        """
        if not self._lines:
            self._read(timeout)
        if self._lines:
            return self._lines.popleft()
        if not self._is_open:
            raise EOFError("the process has ended")
        return None

    def stop(self) -> int:
        """End the process and all that came from it, within 5 seconds; its exit code.

        A process that has ended already is only collected.
        """
        with self._stopping:
            if self._exit_code is None:
                self._exit_code = self._end()
            return self._exit_code

    def _read(self, timeout: float) -> None:
        if not self._is_open:
            return
        # A process that escaped the supervisor may hold the pipe open for ever: then the supervisor's end counts.
        ended = self._supervisor.poll() is not None
        if not self._selector.select(0 if ended else timeout):
            self._is_open = not ended
        else:
            block = os.read(self._output, 1 << 16)
            self._is_open = bool(block)
            self._split(block)
        if not self._is_open and self._rest:
            self._end_line()

    def _split(self, block: bytes) -> None:
        first, *others = block.split(b"\n")
        self._rest += first
        for each in others:
            self._end_line()
            self._rest += each
        if len(self._rest) >= _LONGEST:
            self._end_line()

    def _end_line(self) -> None:
        self._lines.append(_text(self._rest))
        self._rest.clear()

    def _end(self) -> int:
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        try:
            self._supervisor.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        said = self._last_words()
        if "exit" not in said and "pid" in said:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(said["pid"], signal.SIGKILL)
        self._close()
        self.used = said.get("memory")
        return said.get("exit", -signal.SIGKILL)

    def _last_words(self) -> dict[str, int]:
        self._control.setblocking(False)
        words = b""
        with contextlib.suppress(OSError):
            while block := self._control.recv(4096):
                words += block
        pairs = (line.split() for line in words.decode().splitlines())
        return {what: int(number) for what, number in pairs}

    def _close(self) -> None:
        self._is_open = False
        self._selector.close()
        self._control.close()
        for pipe in (self._supervisor.stdin, self._supervisor.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not yet read by the process
                    pipe.close()


def _program(name: str, cwd: Path, env: Mapping[str, str]) -> str:
    if not cwd.is_dir():
        raise FileNotFoundError(f"there is no folder {cwd} to run {name} in")
    if os.sep in name:
        found = shutil.which(cwd / name)
        looked = ""
    else:
        found = shutil.which(name, path=env.get("PATH", os.defpath))
        looked = " on PATH"
    if found is None:
        raise FileNotFoundError(f"there is no program {name}{looked}; is it installed, and executable?")
    return str(Path(found).absolute())


def _text(line: bytes | bytearray) -> str:
    return line.decode(errors="replace").rstrip("\r")
