"""Talking to the worker: one process per provider that keeps dbt imported, so that its start-up is paid once."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from datakit_iac.executors.protocol import Cancelled, Command, Conversation, Converses, Executor
from datakit_iac.manifest.values.secret import Secret, revealed
from datakit_iac.runtimes.dbt.profile import adapters
from datakit_iac.runtimes.job import JobFailedError

_WORKER: Final = Path(__file__).with_name("worker.py")
_MARK: Final = "\x1e"
_POLL: Final = 0.1
_TAIL: Final = 8
_QUIET: Final = {
    # No call home, whatever the user's own settings say.
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What dbt is asked to do.

    Attributes:
        args: dbt's options that do not select.
        select: those that do.
        cwd: the folder to work in.
        ports: the DataSets of the job, as `placement` knows them.
        env: variables for this request alone; `env_var()` sees these and no other.
        task: to build, or to fetch the packages of the project in `cwd`.
    """

    args: Sequence[str]
    select: Sequence[str]
    cwd: Path
    ports: Mapping[str, Any]
    env: Mapping[str, str | Secret] = field(default_factory=dict)
    task: Literal["build", "deps"] = "build"

    def line(self, *, with_env: bool) -> str:
        """The request as the worker reads it."""
        env = {name: revealed(value) for name, value in self.env.items()} if with_env else {}
        parts = {"task": self.task, "args": [*self.args], "select": [*self.select], "cwd": str(self.cwd)}
        return json.dumps({**parts, "ports": self.ports, "env": env, "names": [*self.env]})


Event = Mapping[str, Any]


class Session:
    """The worker, started when it is first needed or ahead of that, and again after it died."""

    def __init__(self) -> None:
        self._conversation: Conversation | None = None
        self._lock = threading.Lock()

    def warm(self, executor: Executor) -> None:
        """Start the worker where that is possible and none is there; returns at once."""
        if isinstance(executor, Converses) and self._lock.acquire(blocking=False):
            try:
                self._open(executor)
            finally:
                self._lock.release()

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._drop()

    def ask(
        self,
        request: Request,
        executor: Executor,
        folder: Path,
        *,
        timeout: float | None,
        cancel: threading.Event,
        on_event: Callable[[Event], None],
        prepare: Callable[[], None] = lambda: None,
    ) -> str:
        """Have it done, and return dbt's error where it could not be; requests take turns.

        `timeout` counts from the turn. `prepare` is called then, so that what it writes is what this request reads.

        Raises:
            JobFailedError: the worker died, or the time-out passed.
            Cancelled: `cancel` was set.
        """
        while not self._lock.acquire(timeout=_POLL):
            _mind(cancel, None, None)
        try:
            deadline = None if timeout is None else time.monotonic() + timeout
            prepare()
            if isinstance(executor, Converses):
                return self._converse(request, executor, on_event, lambda: _mind(cancel, deadline, timeout))
            return _once(request, executor, folder, timeout=timeout, cancel=cancel, on_event=on_event)
        finally:
            self._lock.release()

    def _converse(
        self, request: Request, executor: Converses, on_event: Callable[[Event], None], mind: Callable[[], None]
    ) -> str:
        conversation = self._open(executor)
        listener = _Listener(on_event)
        try:
            conversation.send(request.line(with_env=True))
            while listener.error is None:
                mind()
                line = conversation.receive(_POLL)
                if line is not None:
                    listener.hear(line)
        except EOFError:
            code = self._drop()
            raise listener.death(code) from None
        except BaseException:
            self._drop()
            raise
        return listener.error

    def _open(self, executor: Converses) -> Conversation:
        if self._conversation is not None and not _is_alive(self._conversation):
            self._drop()
        if self._conversation is None:
            self._conversation = executor.open(_command())
        return self._conversation

    def _drop(self) -> int:
        conversation, self._conversation = self._conversation, None
        return conversation.stop() if conversation else 0


class _Listener:
    """Makes events of the worker's lines, and keeps the last of the others: they say why it died."""

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.error: str | None = None
        self._on_event = on_event
        self._tail: deque[str] = deque(maxlen=_TAIL)

    def hear(self, line: str) -> None:
        """Take one line."""
        if not line.startswith(_MARK):
            self._tail.append(line)
            return
        event = json.loads(line.removeprefix(_MARK))
        if "reply" in event:
            self.error = str(event["reply"]["error"])
        else:
            self._on_event(event)

    def death(self, code: int) -> JobFailedError:
        """Why there will be no reply."""
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return JobFailedError(f"the process that runs dbt {ended} before it was done", tuple(self._tail))


def _is_alive(conversation: Conversation) -> bool:
    try:
        # Between builds it has nothing to say; what a library printed meanwhile is of no use.
        while conversation.receive(0) is not None:
            pass
    except EOFError:
        return False
    return True


def _mind(cancel: threading.Event, deadline: float | None, timeout: float | None) -> None:
    if cancel.is_set():
        raise Cancelled("dbt was stopped")
    if deadline is not None and timeout is not None and time.monotonic() >= deadline:
        raise JobFailedError(f"dbt did not end within {timeout:g} s and was stopped")


def _once(
    request: Request,
    executor: Executor,
    folder: Path,
    *,
    timeout: float | None,
    cancel: threading.Event,
    on_event: Callable[[Event], None],
) -> str:
    """One process for one build, for Executors that keep none."""
    file = folder / "request.json"
    file.touch(mode=0o600)
    file.write_text(request.line(with_env=False), encoding="utf-8")
    listener = _Listener(on_event)
    env = {name: revealed(value) for name, value in request.env.items()}
    command = _command(str(file), env=env, timeout=timeout)
    try:
        code = executor.run(command, on_line=listener.hear, cancel=cancel)
    except TimeoutError:
        raise JobFailedError(f"dbt did not end within {timeout:g} s and was stopped") from None
    if listener.error is None:
        raise listener.death(code)
    return listener.error


def _command(*arguments: str, env: Mapping[str, str] | None = None, timeout: float | None = None) -> Command:
    # -P: no folder of ours or of the user's may stand before the real `dbt` on the path.
    ahead = ",".join(each.module for each in adapters().values())
    argv = [sys.executable, "-P", str(_WORKER), ahead, *arguments]
    return Command(argv, Path.cwd(), env={**_QUIET, **(env or {})}, timeout=timeout)
