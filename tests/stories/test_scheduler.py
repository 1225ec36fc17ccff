"""`dk scheduler` as processes of its own: every trigger fires, one leads, and kills lose and double nothing."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datakit_iac.history import place
from datakit_iac.history.history import History
from datakit_iac.history.record import RunRecord
from tests.model.program import PROJECT, STACK
from tests.scenarios.workspace import BIN
from tests.stories.workspace import InProcess

PATIENCE = 180.0
KILLS = int(os.environ.get("DATAKIT_KILLS", "3"))


class Schedulers:
    """The schedulers of a workspace."""

    def __init__(self, workspace: InProcess) -> None:
        self.workspace = workspace
        workspace.write("Pulumi.yaml", f"name: {PROJECT}\nruntime: python\n")
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = workspace.root / "scheduler.log"

    def start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            words = [str(BIN / "dk"), "scheduler", "--project", "project", "--poll", "500ms"]
            made = subprocess.Popen(words, cwd=self.workspace.root, env=self.workspace.env, stdout=log, stderr=log)
        self.processes.append(made)
        return made

    @property
    def runs(self) -> list[RunRecord]:
        """All Runs, the oldest first."""
        with contextlib.chdir(self.workspace.root):
            return History(place.opened(f"{PROJECT}/{STACK}")).listed(limit=1000)[::-1]

    def wait(self, until: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def has_ran(self, transform: str, trigger: str, times: int = 1) -> bool:
        found = [
            each
            for each in self.runs
            if (each.transform, each.trigger, each.state) == (transform, trigger, "succeeded")
        ]
        return len(found) >= times


@pytest.fixture
def schedulers(applied: InProcess) -> Iterator[Schedulers]:
    made = Schedulers(applied)
    yield made
    for each in made.processes:
        each.kill()
        each.wait()


def rows(workspace: InProcess) -> list[tuple[object, ...]]:
    return workspace.rows("SELECT name, total FROM main.revenue ORDER BY name")


def orders(workspace: InProcess, amount: int) -> None:
    """Another content of the file, which appears whole."""
    fresh = workspace.write("project/inbox/.orders.csv", f"id,user_id,amount\n1,1,{amount}\n2,2,7\n")
    fresh.rename(workspace.project / "inbox/orders.csv")


def test_every_trigger_fires_and_one_scheduler_leads(schedulers: Schedulers) -> None:
    applied = schedulers.workspace
    applied.replace(
        "project/transforms.yaml",
        "metadata: {name: load-users}\nspec:",
        'metadata: {name: load-users}\nspec:\n  trigger: {policy: schedule, schedule: {cron: "* * * * *"}}',
    )
    leader = schedulers.start()
    schedulers.wait(lambda: schedulers.log.read_bytes() != b"" or leader.poll() is None)
    # A source changed: what reads it runs, and what reads that.
    orders(applied, 30)
    schedulers.wait(lambda: schedulers.has_ran("marts", "on-change"))
    assert rows(applied) == [("ann", 30.0), ("bob", 7.0)]
    # Another scheduler takes over.
    schedulers.start()
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    orders(applied, 40)
    schedulers.wait(lambda: schedulers.has_ran("marts", "on-change", 2))
    assert rows(applied) == [("ann", 40.0), ("bob", 7.0)]
    # Its minute comes, and what reads what it wrote follows.
    applied.write("project/inbox/users.csv", "id,name\n1,eve\n2,bob\n")
    schedulers.wait(
        lambda: schedulers.has_ran("load-users", "schedule") and schedulers.has_ran("marts", "on-change", 3)
    )
    assert rows(applied) == [("bob", 7.0), ("eve", 40.0)]
    (scheduled,) = [each for each in schedulers.runs if each.trigger == "schedule"]
    assert scheduled.due
    assert scheduled.due % 60 == 0
    assert 0 <= scheduled.queued_at - scheduled.due < 20
    # Nothing is left to do for an update.
    done, before = applied.up("--skip-preview").ok(), len(schedulers.runs)
    assert len(schedulers.runs) == before
    assert "not repeated" in done.text


def test_a_scheduler_that_is_killed_at_random_loses_and_doubles_nothing(schedulers: Schedulers) -> None:
    applied, chance = schedulers.workspace, random.Random(17)
    for kill in range(KILLS):
        orders(applied, 100 + kill)
        scheduler = schedulers.start()
        time.sleep(chance.uniform(1, 8))
        scheduler.kill()
        scheduler.wait()
    schedulers.start()
    schedulers.wait(lambda: _is_settled(applied, schedulers, 99.0 + KILLS))
    assert applied.rows("SELECT count(*), count(DISTINCT id) FROM raw.orders") == [(2, 2)]
    identities = [(each.transform, each.identity) for each in schedulers.runs if each.state == "succeeded"]
    assert len(identities) == len({*identities})
    assert not [each for each in schedulers.runs if each.is_open]


def _is_settled(workspace: InProcess, schedulers: Schedulers, total: float) -> bool:
    latest = {each.transform: each.state for each in schedulers.runs}
    if any(state != "succeeded" for state in latest.values()):
        return False
    with contextlib.suppress(Exception):  # another process has the file
        return rows(workspace) == [("ann", total), ("bob", 7.0)]
    return False


def test_once_starts_what_is_due_and_ends(schedulers: Schedulers, tmp_path: Path) -> None:
    applied = schedulers.workspace
    orders(applied, 50)
    told = tmp_path / "told"
    applied.replace(
        "project/platform.yaml",
        "metadata: {name: dev}",
        f"metadata: {{name: dev}}\nspec: {{notify: [{{command: [tee, {told}]}}]}}",
    )
    applied.replace("project/models/models/marts/revenue.sql", "select name,", "select nam,")
    done = applied.dk("scheduler", "--project", "project", "--once")
    assert done.code == 1, done.text
    assert applied.rows("SELECT sum(amount) FROM main.paid") == [(57.0,)]
    assert '"event": "failure"' in told.read_text()
    applied.replace("project/models/models/marts/revenue.sql", "select nam,", "select name,")
    assert applied.dk("scheduler", "--project", "project", "--once").ok()
    assert rows(applied) == [("ann", 50.0), ("bob", 7.0)]
    assert '"event": "recovery"' in told.read_text()
