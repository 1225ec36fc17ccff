"""`dk scheduler` as processes of its own, on the project of `pipeline.py`."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable

from datakit_iac.history import place
from datakit_iac.history.history import History
from datakit_iac.history.record import RunRecord
from tests.model.program import PROJECT, STACK
from tests.scenarios.workspace import BIN
from tests.stories.workspace import InProcess

PATIENCE = 180.0
KILLS = int(os.environ.get("DATAKIT_KILLS", "3"))
"""How many processes a test kills; 10 for what releases must show."""


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

    def is_settled(self, total: float) -> bool:
        """Whether the last Run of each Transform succeeded, and so much was paid."""
        latest = {each.transform: each.state for each in self.runs}
        if any(state != "succeeded" for state in latest.values()):
            return False
        with contextlib.suppress(Exception):  # another process has the file
            return rows(self.workspace) == [("ann", total), ("bob", 7.0)]
        return False

    def has_ran(self, transform: str, trigger: str, times: int = 1) -> bool:
        found = [
            each
            for each in self.runs
            if (each.transform, each.trigger, each.state) == (transform, trigger, "succeeded")
        ]
        return len(found) >= times


def rows(workspace: InProcess) -> list[tuple[object, ...]]:
    return workspace.rows("SELECT name, total FROM main.revenue ORDER BY name")


def orders(workspace: InProcess, amount: int) -> None:
    """Another content of the file, which appears whole."""
    fresh = workspace.write("project/inbox/.orders.csv", f"id,user_id,amount\n1,1,{amount}\n2,2,7\n")
    fresh.rename(workspace.project / "inbox/orders.csv")


def assert_done_once(schedulers: Schedulers) -> None:
    """No row is doubled, no Run succeeded twice, and none is left."""
    assert schedulers.workspace.rows("SELECT count(*), count(DISTINCT id) FROM raw.orders") == [(2, 2)]
    identities = [(each.transform, each.identity) for each in schedulers.runs if each.state == "succeeded"]
    assert len(identities) == len({*identities})
    assert not [each for each in schedulers.runs if each.is_open]
