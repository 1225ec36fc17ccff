"""Workers that are killed: those of jobs on this machine, and that of a job which an executor carries elsewhere."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

from datakit_iac.cli.runnable import runnable
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Capabilities, Execution
from datakit_iac.executors.workload import Workload
from datakit_iac.runs import request
from datakit_iac.runs.operation import OwnOperation
from datakit_iac.scheduling.runnable import RunnableProject
from datakit_iac.scheduling.sequence import Asked, Result, run_one
from tests.cloudquery.stores import database
from tests.scenarios.test_postgres_pipeline import REVENUE, bound
from tests.scenarios.test_postgres_pipeline import rows as rows_of
from tests.scenarios.workspace import Workspace
from tests.stories.schedulers import KILLS, Schedulers, assert_done_once, orders, rows
from tests.stories.workspace import InProcess

WORKER = b"datakit_iac.executors.worker"


def descendants(pid: int) -> Iterator[int]:
    """The processes that came from one, but for itself."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text().split()):
                yield child
                yield from descendants(child)


def test_jobs_whose_processes_are_killed_at_random_are_done_once(schedulers: Schedulers) -> None:
    applied, chance = schedulers.workspace, random.Random(23)
    transforms = applied.root / "project/transforms.yaml"
    transforms.write_text(transforms.read_text().replace("spec:\n", "spec:\n  retries: 3\n"))
    scheduler = schedulers.start()
    for kill in range(KILLS):
        orders(applied, 100 + kill)
        time.sleep(chance.uniform(0.5, 6))
        while not (there := [*descendants(scheduler.pid)]):
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(chance.choice(there), signal.SIGKILL)
    orders(applied, 200)
    schedulers.wait(lambda: schedulers.is_settled(200.0))
    assert scheduler.poll() is None
    assert rows(applied) == [("ann", 200.0), ("bob", 7.0)]
    assert_done_once(schedulers)


class Carried:
    """Carries whole jobs to a process that is as in a pod: it sees no files of the caller but the project's."""

    name = "carried"
    capabilities = Capabilities(runs_images=True)

    def start(self, workload: Workload) -> Execution:
        """Start the worker."""
        return LocalProcesses().start(replace(workload, argv=[sys.executable, *workload.argv[1:]], image=""))


def test_a_carried_job_whose_worker_is_killed_at_random_is_done_once(bare: InProcess) -> None:
    connection = database()
    workspace = bound(bare, connection)
    workspace.write("Pulumi.yaml", "name: shop\nruntime: python\n")
    workspace.up("--skip-preview").ok()
    before, chance = rows_of(connection, REVENUE), random.Random(29)
    with contextlib.chdir(workspace.root), mock.patch.dict(os.environ, workspace.env):
        project = runnable("dev", "project")
        assert project
        with mock.patch.object(request, "executor", return_value=Carried()):
            killed = [killed_at(project, workspace, chance.uniform(0, 6)) for _ in range(KILLS)]
            last = ran(project)
            again = ran(project)
    assert {each.state for each in killed} <= {"failed", "succeeded"}
    assert "failed" in {each.state for each in killed}
    assert all("ended with exit code -9" in each.error for each in killed if each.state == "failed"), killed
    assert (last.state, again.state) in {("succeeded", "unchanged"), ("unchanged", "unchanged")}
    assert rows_of(connection, REVENUE) == before
    made = "SELECT table_name FROM information_schema.tables WHERE table_schema IN ('main', 'raw') ORDER BY 1"
    assert [each[0] for each in rows_of(connection, made)] == ["orders", "paid", "revenue", "users"]


def ran(project: RunnableProject, *, force: bool = False) -> Result:
    call = OwnOperation(project.stack, tell=print, warn=print, status=lambda _: None)
    return run_one(project, Asked("staging", is_forced=force), call)


def killed_at(project: RunnableProject, workspace: Workspace, seconds: float) -> Result:
    """What came of a Run whose worker is killed so many seconds after it began."""

    def kill() -> None:
        deadline = time.monotonic() + 60
        while not (there := worker(workspace)) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(there, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    result = ran(project, force=True)
    killer.join()
    return result


def worker(workspace: Workspace) -> int:
    """The worker of a carried job; 0 where there is none. Its supervisor has the same words, and others before them."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[1:3] == [b"-m", WORKER] and (entry / "cwd").readlink() == workspace.root:
                return int(entry.name)
    return 0
