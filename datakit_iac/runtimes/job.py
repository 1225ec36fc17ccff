"""What a Runtime is, and what it does with a job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from datakit_iac.contract.job import Job
from datakit_iac.executors.protocol import Executor


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the provider lends a Runtime while a job runs.

    Attributes:
        executor: where processes run.
        folder: an empty folder of this run alone, mode 0700; gone after the run. Rendered files go here, mode 0600.
        cache: a folder kept between runs of this environment (for instance dbt's `target/`); no secrets.
        progress: shows one short line in the engine's status, replacing the last.
        cancel: set when the user wants to stop.
        confirm: called by a Runtime that works on the user's files, once it has taken those that it will use: raises
            JobFailedError where they are no longer those that the job was defined by.
    """

    executor: Executor
    folder: Path
    cache: Path
    progress: Callable[[str], None]
    cancel: threading.Event
    confirm: Callable[[], None] = lambda: None


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
class Outcome:
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
    """

    def __init__(self, cause: str, lines: tuple[str, ...] = ()) -> None:
        self.cause = cause
        self.lines = lines
        super().__init__("\n".join([cause, *(f"    {line}" for line in lines)]))


@runtime_checkable
class TakesFiles(Protocol):
    """A Runtime that hands files of the user to its tool."""

    def given(self, job: Job) -> Mapping[str, str]:
        """The SHA-256 of each file that the tool will be able to read, by its path from the working directory.

        Whoever approves a job approves these; `run` refuses, where `job.given` is told, to go on with any other.

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


class Runtime(Protocol):
    """The code that turns a Transform into a job and reads its results. Importing one must be cheap."""

    name: str

    def check(self, job: Job) -> list[str]:
        """Faults of the settings and of the files they name, each one sentence; nothing is run."""

    def definition(self, job: Job) -> str:
        """A digest of everything that decides what the job computes, and of nothing else.

        Descriptions, comments of a schema file, the order of keys, connections and versions of tools leave it as it is.
        The job's variables are seen to by `runtimes.definition`.
        """

    def run(self, job: Job, surroundings: Surroundings) -> Outcome:
        """Run it to the end.

        Raises:
            JobFailedError: it failed; what was done is said.
            Cancelled: the user stopped it.
        """
