"""The executor `local`."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from pathlib import Path
from typing import Final, Literal

from datakit_iac.executors import containers
from datakit_iac.executors.local import containerized
from datakit_iac.executors.local.process import Process
from datakit_iac.executors.local.run_folder import run_folder
from datakit_iac.executors.local.workers import Workers
from datakit_iac.executors.protocol import Capabilities, LimitExceededError, runs_in_image
from datakit_iac.executors.workload import FOLDER_VARIABLE, Workload
from datakit_iac.manifest.values.quantity import amount
from datakit_iac.manifest.values.secret import revealed

RUNS: Final = Path(".datakit", "runs")
"""The folders of workloads, below the project's."""

_MEASURED: Final = Path("/proc/self/smaps_rollup")
"""What the memory of processes is read from: Linux has it."""

_END: Final = '\x1e{"exit":'
"""How the last line begins that a worker writes for a job."""


class LocalProcesses:
    """Runs workloads as processes of this machine.

    Args:
        folder: the project's folder, in which workloads run.
        runs: where the folders of workloads are; below the project's where it is None.
    """

    name = "local"
    capabilities = Capabilities(
        shares_filesystem=True,
        runs_images=True,
        resources=frozenset({"limits.memory", "limits.cpu"} if _MEASURED.exists() else ()),
    )

    def __init__(self, folder: Path = Path(), runs: Path | None = None) -> None:
        self._folder, self._runs = folder, runs or folder / RUNS
        self._workers = Workers(folder)

    def start(self, workload: Workload) -> LocalExecution:
        """Start a workload; its process and all that comes from it end within 5 seconds of this one's end.

        Raises:
            FileNotFoundError: there is no such program.
        """
        with contextlib.ExitStack() as kept:
            folder = kept.enter_context(run_folder(self._runs, workload.name))
            for path, text in workload.files.items():
                _write(folder / path, text)
            secrets = {name: revealed(each) for name, each in workload.secret_env.items()}
            inherited = {name: os.environ[name] for name in workload.inherits if name in os.environ}
            env = {**inherited, **workload.env, **secrets, FOLDER_VARIABLE: str(folder)}
            argv = workload.expanded(folder)
            if runs_in_image(self, workload):
                engine, name = _engine(), containerized.fresh_name(workload)
                command = containerized.command(workload, argv, folder, engine, name)
                process = Process(command, self._folder, containerized.client_variables(os.environ) | secrets)
                return LocalExecution(process, lambda _: containerized.ended(process, engine, name), kept.pop_all())
            limits = workload.resources.get("limits", {})
            limit, cpu = limits.get("memory", ""), limits.get("cpu", "")
            # A worker that is kept has the memory of all its jobs.
            if limit or cpu or not workload.worker:
                memory, processors = int(amount(limit)) if limit else 0, ceil(amount(cpu)) if cpu else 0
                process = Process(argv, self._folder / workload.cwd, env, memory=memory, processors=processors)
                return LocalExecution(process, lambda _: process.stop(), kept.pop_all(), limit)
            worker = self._workers.take(workload.worker)
            execution = _AtWork(worker, partial(self._workers.give_back, worker), kept.pop_all())
            with contextlib.suppress(EOFError):  # it died just now, which `receive` finds too
                worker.send(json.dumps({"args": argv[len(workload.worker) :], "env": env}))
            return execution

    def refused(self, workload: Workload) -> Iterator[str]:
        """Why this machine cannot run a workload in its image: no engine answers, or the image is not here."""
        if not runs_in_image(self, workload):
            return
        if (engine := containers.engine()) is None:
            yield _no_engine(workload.image)
        elif "@" not in workload.image and not engine.digest(workload.image):
            fetched = f"`{engine.name} pull {workload.image}` brings it, and one that is named by its digest is fetched"
            yield f"the image {workload.image} is not on this machine; {fetched}"

    def unkept(self, workload: Workload) -> Iterator[tuple[str, str]]:
        """What this machine keeps otherwise than a workload says it."""
        cpu = workload.resources.get("limits", {}).get("cpu")
        if cpu and amount(cpu) % 1 and not runs_in_image(self, workload):
            most = ceil(amount(cpu))
            yield "resources", f"the executor local keeps limits.cpu in whole processors: {cpu} allows {most}"

    def warm(self, workload: Workload) -> None:
        """Start a worker for workloads like this one, unless there is one; returns at once."""
        self._workers.warm(workload.worker)

    def close(self) -> None:
        """End the workers that are not at work."""
        self._workers.close()


class LocalExecution:
    """A workload whose process runs on this machine; see `executors.protocol.Execution`."""

    def __init__(
        self, process: Process, release: Callable[[bool], int], kept: contextlib.ExitStack, limit: str = ""
    ) -> None:
        self.exit_code: int | None = None
        self._process, self._kept, self._limit, self._is_done = process, kept, limit, False
        kept.callback(self._end, release)

    @property
    def status(self) -> Literal["running", "ended"]:
        """`ended` once `exit_code` is known."""
        return "running" if self.exit_code is None else "ended"

    def receive(self, timeout: float) -> str | None:
        """The next line without its end, or None where there is none within `timeout` seconds."""
        if self.exit_code is not None:
            raise EOFError("the workload has ended")
        try:
            return self._process.receive(timeout)
        except EOFError:
            self.exit_code = self._process.stop()
            if used := self._process.used:
                said = f"the job used {used >> 20} MiB of memory, and its `resources` limit it to {self._limit}"
                raise LimitExceededError(f"{said}: it was stopped") from None
            raise

    def cancel(self) -> None:
        """End all processes of it within 5 seconds, and remove its folder."""
        self._kept.close()

    def _end(self, release: Callable[[bool], int]) -> None:
        code = release(self._is_done)
        self.exit_code = code if self.exit_code is None else self.exit_code


class _AtWork(LocalExecution):
    """A workload that a kept worker does."""

    def receive(self, timeout: float) -> str | None:
        """The next line of this workload."""
        line = super().receive(timeout)
        if line is None or not line.startswith(_END):
            return line
        self.exit_code, self._is_done = int(json.loads(line[1:])["exit"]), True
        raise EOFError("the workload has ended")


def _engine() -> containers.Engine:
    if (engine := containers.engine()) is None:
        raise FileNotFoundError(_no_engine("an image"))
    return engine


def _no_engine(image: str) -> str:
    return f"nothing runs {image} on this machine: {containers.missing()}"


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
