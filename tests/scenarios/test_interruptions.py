"""Kills and Ctrl-C at several points: afterwards there is each table once, with all its rows."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.scenarios.test_pipeline_changes import REVENUE
from tests.scenarios.workspace import Workspace

MANY = 400_000
POINTS = ["DataSet orders creating", "Run load-orders creating", "Run staging creating"]


@pytest.fixture
def slow(pipeline: Workspace) -> Workspace:
    """The pipeline with so many orders that loading them takes a moment."""
    rows = "".join(f"{number},{number % 2 + 1},1\n" for number in range(MANY))
    pipeline.write("project/inbox/orders.csv", "id,user_id,amount\n" + rows)
    return pipeline


def wait_for(process: subprocess.Popen[str], point: str) -> None:
    """Read on until a line tells that the engine has come this far; then read on in the background."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if point in line:
            threading.Thread(target=process.stdout.read, daemon=True).start()
            return
    raise AssertionError(f"{point!r} never came:\n{''.join(seen)}")


def assert_gone(workspace: Workspace, within: float) -> None:
    """Nothing that worked for the project is left."""
    deadline = time.monotonic() + within
    while (family := workspace.family()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert family == []


def assert_complete(workspace: Workspace) -> None:
    """Everything is there once, with all its rows, and nothing is left to do."""
    workspace.up("--skip-preview").ok()
    tables = workspace.rows("SELECT table_name FROM duckdb_tables() ORDER BY 1")
    assert tables == [("orders",), ("paid",), ("revenue",), ("users",)]
    assert workspace.rows("SELECT count(*), count(DISTINCT id) FROM raw.orders") == [(MANY, MANY)]
    assert workspace.rows(REVENUE) == [("ann", MANY / 2), ("bob", MANY / 2)]
    assert workspace.up("--skip-preview").ok().operations == {}


def provider_of(workspace: Workspace) -> int:
    """The process of the provider that works for a project."""
    for entry in Path("/proc").iterdir():
        try:
            line = (entry / "cmdline").read_bytes()
            if b"pulumi-resource-datakit" in line and (entry / "cwd").readlink() == workspace.root:
                return int(entry.name)
        except OSError:
            continue
    raise AssertionError("there is no provider")


@pytest.mark.parametrize("point", POINTS)
def test_the_engine_is_killed(slow: Workspace, point: str) -> None:
    with slow.started("up", "--yes", "--skip-preview") as process:
        wait_for(process, point)
        process.kill()
        process.wait()
    assert_gone(slow, within=8)
    slow.run("cancel", "--yes", "--stack", "dev").ok()
    assert_complete(slow)


@pytest.mark.parametrize("point", POINTS[1:])
def test_the_provider_is_killed(slow: Workspace, point: str) -> None:
    with slow.started("up", "--yes", "--skip-preview") as process:
        wait_for(process, point)
        os.kill(provider_of(slow), signal.SIGKILL)
        assert process.wait(60) != 0
    assert_gone(slow, within=8)
    assert_complete(slow)


@pytest.mark.parametrize("point", POINTS[1:])
def test_ctrl_c_ends_within_five_seconds_and_leaves_nothing(slow: Workspace, point: str) -> None:
    with slow.started("up", "--yes", "--skip-preview") as process:
        wait_for(process, point)
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) != 0
        assert time.monotonic() - begun < 5
    assert_gone(slow, within=2)
    assert not list((slow.root / "state").rglob("locks/**/*.json"))
    assert_complete(slow)
