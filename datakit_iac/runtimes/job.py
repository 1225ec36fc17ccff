"""What a Runtime is, and what it does with a job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from datakit_iac.contract.job import Job
from datakit_iac.executors.lines import Lines
from datakit_iac.executors.protocol import Executor
from datakit_iac.executors.workload import Workload
from datakit_iac.findings.fault import Fault


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a job runs with: given to those that run jobs.

    Attributes:
        executor: where the workload runs.
        cache: a folder kept between runs of this environment (for instance dbt's `target/`); no secrets.
        progress: shows one short line in the engine's status, replacing the last.
        cancel: set when the user wants to stop.
        confirm: called by a Runtime that `Prepares` with the user's files, once it has taken those that it will use:
            raises JobFailedError where they are no longer those that the job was defined by.
        log: takes each line that the job prints for people, without its secrets.
        run: the Run's identifier in the history; empty where it is in none.
    """

    executor: Executor
    cache: Path
    progress: Callable[[str], None]
    cancel: threading.Event
    confirm: Callable[[], None] = lambda: None
    log: Callable[[str], None] = lambda _: None
    run: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that a job made in the Store of its outputs.

    Attributes:
        name: of the model that it is.
        place: schema and name as a DataSet's table says them, e.g. ``staging.stg_orders``.
        kind: how it was made, e.g. ``table``, ``view``, ``incremental``, ``seed`` or ``snapshot``.
        output: the output that it is; None where it is none.
    """

    name: str
    place: str
    kind: str
    output: str | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a job did.

    Attributes:
        counts: rows by table, or models and tests by result, e.g. ``{"flights": 336776}``.
        notes: what people should know, e.g. columns of a file that the contract leaves out.
        relations: the tables and views that were made, where the job's tool decides which.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()


class JobFailedError(Exception):
    """A job did not succeed.

    Attributes:
        cause: one sentence: what failed and why.
        lines: the few lines of the tool's own output that matter, secrets redacted.
        is_final: whether another attempt would fail alike; else it is made, where the job has `retries`.
    """

    def __init__(self, cause: str, lines: tuple[str, ...] = (), *, is_final: bool = False) -> None:
        self.cause = cause
        self.lines = lines
        self.is_final = is_final
        super().__init__("\n".join([cause, *(f"    {line}" for line in lines)]))


def invalid_job(message: str, *path: str | int) -> Fault:
    """What is wrong with a job.

    >>> invalid_job("expected a list", "tables", 0).line
    'tables[0]: expected a list'

    Args:
        message: what was found and what was expected, in one sentence.
        path: from the runtime's section to the setting; none for the job as a whole.
    """
    return Fault("invalid-job", path, message)


@runtime_checkable
class TakesFiles(Protocol):
    """A Runtime that hands files of the user to its tool."""

    def given(self, job: Job) -> Mapping[str, str]:
        """The SHA-256 of each file that the tool will be able to read, by its path from the working directory.

        An approval of a job covers these; if `job.given` is set, `prepared` refuses to go on with any other.

        Raises:
            ValueError: they cannot be read; the text says why.
        """


@runtime_checkable
class Fetches(Protocol):
    """A Runtime whose tool may fetch code when a job runs."""

    def unseen(self, job: Job) -> list[str]:
        """What would be fetched, each one sentence with the way to have it here before.

        Where people must approve, each is an error: they could not look at it.
        """


@runtime_checkable
class UsesPlugins(Protocol):
    """A Runtime that runs the CloudQuery plugins which the Connectors of a job's Stores name (`job.plugins`)."""

    def unkept(self, job: Job) -> list[str]:
        """What is not kept, with these, of what it promises otherwise; each one sentence."""


@runtime_checkable
class Prepares(Protocol):
    """A Runtime that gets something ready on this machine just before its workload starts."""

    def prepared(self, job: Job, workload: Workload, context: RunContext) -> AbstractContextManager[Workload]:
        """The workload with what is ready for it, held until the job is over.

        Raises:
            JobFailedError: it cannot be made ready; what the block raises comes through.
            Cancelled: the user stopped it.
        """


@runtime_checkable
class Warmable(Protocol):
    """A Runtime whose workloads have a `worker` that takes long to start."""

    def worker(self) -> Workload:
        """A workload with the worker that all have, for an Executor to start ahead of the first job."""


class Runtime(Protocol):
    """The code that turns a Transform into a workload and reads what that prints. Importing one must be cheap."""

    name: str

    def check(self, job: Job) -> list[Fault]:
        """What is wrong with the settings and the files they name, as `invalid_job` makes it; nothing is run."""

    def definition(self, job: Job) -> str:
        """A digest of everything that decides what the job computes, and of nothing else.

        Descriptions, comments of a schema file, the order of keys, connections and versions of tools leave it as it is.
        The job's variables are seen to by `runtimes.definition`.
        """

    def render(self, job: Job) -> Workload:
        """What an Executor is to run; nothing is read from a Store and nothing is written.

        Name, identity, time-out, retries, image, resources and variables are the job's, and are filled in by
        `runtimes.execution`. A runtime that runs a Transform's `command` has it as `argv`.

        Raises:
            ValueError, JobFailedError: the job cannot be run; `check` says so too.
        """

    def interpret(self, job: Job, lines: Lines, progress: Callable[[str], None]) -> RunResult:
        """What the job did, read from its lines as they come.

        Args:
            job: the job.
            lines: what its workload prints; its `exit_code` is known after the last.
            progress: shows one short line in the engine's status, replacing the last.

        Raises:
            JobFailedError: it failed; what was done is said.
        """
