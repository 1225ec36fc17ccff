"""A job in a folder of its own that reads and writes a small DuckDB file, and what runs it."""

from __future__ import annotations

import textwrap
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runtimes import execution
from datakit_iac.runtimes.definition import definition
from datakit_iac.runtimes.job import RunContext, RunResult
from datakit_iac.runtimes.registry import runtime

COLUMNS = (
    Column.model_validate({"name": "id", "type": "integer", "primaryKey": True}),
    Column.model_validate({"name": "name", "type": "string"}),
)


@dataclass
class Shop:
    """The folder of a job's code, the Stores, and what was shown of its runs."""

    root: Path
    shown: list[str] = field(default_factory=list)
    cancel: threading.Event = field(default_factory=threading.Event)
    confirm: Callable[[], None] = lambda: None

    @property
    def code(self) -> Path:
        return self.root / "transforms" / "load"

    @property
    def database(self) -> Path:
        return self.root / "warehouse.duckdb"

    def write(self, file: str, text: str) -> Path:
        path = self.code / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def job(self, *command: str, runtime: str = "generic-python", **more: Any) -> Job:
        inbox = Connection("files", {"path": str(self.root)})
        warehouse = Connection("duckdb", {"path": str(self.database)})
        read = BoundDataSet("users-csv", "inbox", inbox, Place(prefix="users.csv", format="csv"), COLUMNS)
        written = BoundDataSet("users", "ware-house", warehouse, Place(table="raw.users"), COLUMNS)
        made = Job("load", runtime, {"project": str(self.code)}, (read,), (written,), command=command, identity="1f")
        return replace(made, **more)

    def run(self, job: Job) -> RunResult:
        context = RunContext(
            LocalProcesses(self.root), self.root / "cache", self.shown.append, self.cancel, self.confirm
        )
        return execution.run(runtime(job.runtime), job, context)

    def faults(self, job: Job) -> list[str]:
        return [str(fault.message) for fault in runtime(job.runtime).check(job)]

    def definition(self, job: Job) -> str:
        return definition(job)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path)
    made.code.mkdir(parents=True)
    return made
