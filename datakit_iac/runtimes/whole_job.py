r"""A job that is carried out where it runs: an executor without this machine's files gets the whole of it as JSON.

In the container, `executors.worker` renders the job with the runtime that is installed there, runs it as processes of
the container, and prints lines that begin with the control character ``\x1e``: ``{"progress": …}`` while it works, and
at last ``{"outcome": …}`` or ``{"failed": …}``.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from datakit_iac.contract.encoding import Encoded
from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import Executor
from datakit_iac.executors.workload import FOLDER, Workload
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.models.section import runs_command
from datakit_iac.runtimes.definition import definition
from datakit_iac.runtimes.job import JobFailedError, Relation, RunResult, Runtime, invalid_job
from datakit_iac.technologies.technology import technology

FORMAT: Final = 1
"""The version of the document and of the lines."""

MARK: Final = "\x1e"
FILE: Final = "job.json"
_WORKER: Final = "datakit_iac.executors.worker"
_SHOWN: Final = 20
_LONGEST: Final = 500


def carried_by(runtime: Runtime, job: Job, executor: Executor) -> Runtime:
    """The runtime as an executor needs it: that of the job, or one that carries the whole of it there.

    A Transform that runs a command, or an image, of its own needs nothing of datakit in its container.
    """
    able = executor.capabilities
    if able.shares_filesystem or not able.runs_images or (job.image and runs_command(job.runtime)):
        return runtime
    return WholeJob(runtime)


class WholeJob:
    """A runtime whose jobs are rendered, run and read in a container.

    Args:
        runtime: the runtime of the job.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.name = runtime.name
        self._runtime = runtime

    def check(self, job: Job) -> list[Fault]:
        """What is wrong with the job by its runtime, and Stores that are on this machine alone."""
        return [*self._runtime.check(job), *map(invalid_job, _unreachable(job))]

    def definition(self, job: Job) -> str:
        """That of the job's runtime."""
        return self._runtime.definition(job)

    def render(self, job: Job) -> Workload:
        """The worker, and the job as its file.

        Raises:
            JobFailedError: a Store is on this machine alone.
        """
        if reasons := [*_unreachable(job)]:
            raise JobFailedError(reasons[0], tuple(reasons[1:]), is_final=True)
        # Time and attempts are counted here, for all executors alike.
        encoded = Encoded(replace(job, timeout=None, retries=0))
        document = {"format": FORMAT, "definition": definition(job), **encoded.document}
        return Workload(
            ["python", "-m", _WORKER, f"{FOLDER}/{FILE}"],
            secret_env=encoded.secrets,
            files={FILE: json.dumps(document, sort_keys=True)},
        )

    def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
        """What the worker says of the job.

        Raises:
            JobFailedError: it says that the job failed, or it ended without a word.
        """
        last: deque[str] = deque(maxlen=_SHOWN)
        said: dict[str, Any] = {}
        for line in lines:
            if not line.startswith(MARK):
                last.append(line[:_LONGEST])
                continue
            said |= json.loads(line[len(MARK) :])
            if text := said.pop("progress", ""):
                progress(text)
        if failed := said.get("failed"):
            raise JobFailedError(failed["cause"], tuple(failed["lines"]), is_final=failed["final"])
        if outcome := said.get("outcome"):
            return read(outcome)
        if any("No module named" in line and "datakit_iac" in line for line in last):
            where = f"the image {job.image}" if job.image else "the image"
            message = f"{where} does not have datakit-iac: build it from the project's locked requirements"
            raise JobFailedError(message, tuple(last), is_final=True)
        raise JobFailedError(f"the worker ended with exit code {lines.exit_code} and without an outcome", tuple(last))


def outcome(result: RunResult) -> dict[str, Any]:
    """The outcome of a job as JSON.

    >>> read(outcome(RunResult({"users": 2}, ("slow",)))) == RunResult({"users": 2}, ("slow",))
    True
    """
    relations = [asdict(each) for each in result.relations]
    return {"counts": dict(result.counts), "notes": [*result.notes], "relations": relations}


def read(said: dict[str, Any]) -> RunResult:
    """What `outcome` made JSON of."""
    relations = tuple(Relation(**each) for each in said["relations"])
    return RunResult(said["counts"], tuple(said["notes"]), relations)


def _unreachable(job: Job) -> list[str]:
    """Stores in files of this machine: in a container they would be other files, and what is written there is lost."""
    stores = {each.store: each.connection for each in (*job.inputs, *job.outputs)}
    places = {name: technology(each.technology).location(each) for name, each in stores.items()}
    return [
        f"the Store {name} is {path} on this machine, which no container reaches; bind it to a server"
        for name, place in places.items()
        if Path(path := place.partition(":")[2]).is_absolute()
    ]
