from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from datakit_iac.toolchain import commands
from datakit_iac.toolchain.setup import state_lock
from datakit_iac.toolchain.setup.project import Project

NOW = datetime.now(UTC)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "Pulumi.yaml").write_text("name: app\nbackend: {url: 'file://./.state'}\n")
    return Project(tmp_path, "app", tmp_path / ".state")


@pytest.fixture
def dead_pid() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def take(project: Project, pid: int, host: str = "", taken: datetime = NOW) -> Path:
    assert project.state is not None
    folder = project.state / ".pulumi" / "locks" / "organization" / project.name / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{pid}.json"
    data = {"pid": pid, "username": "ann", "hostname": host or socket.gethostname()}
    path.write_text(json.dumps({**data, "timestamp": taken.strftime("%Y-%m-%dT%H:%M:%S.123456789Z")}))
    return path


def test_the_lock_of_a_dead_process_is_removed(project: Project, dead_pid: int) -> None:
    path = take(project, dead_pid)

    removed, held = state_lock.clear_dead(project, "dev")

    assert ([one.pid for one in removed], held) == ([dead_pid], [])
    assert not path.exists()


def test_the_lock_of_a_live_process_stays(project: Project) -> None:
    path = take(project, os.getpid(), taken=NOW + timedelta(seconds=5))

    assert [one.pid for one in state_lock.clear_dead(project, "dev")[1]] == [os.getpid()]
    assert path.exists()


def test_a_process_that_began_after_the_lock_was_taken_is_another_one(project: Project) -> None:
    take(project, os.getpid(), taken=NOW - timedelta(days=300))

    assert state_lock.clear_dead(project, "dev")[1] == []


def test_a_lock_from_another_machine_stays(project: Project, dead_pid: int) -> None:
    take(project, dead_pid, host="elsewhere")

    assert [one.host for one in state_lock.clear_dead(project, "dev")[1]] == ["elsewhere"]


def test_a_lock_that_cannot_be_read_stays(project: Project, dead_pid: int) -> None:
    take(project, dead_pid).write_text("{")

    assert [str(one) for one in state_lock.clear_dead(project, "dev")[1]] == ["process ? of ? on ?"]


def test_a_project_with_remote_state_has_no_locks_to_read(tmp_path: Path) -> None:
    assert state_lock.clear_dead(Project(tmp_path, "app", None), "dev") == ([], [])


def test_unlock_names_the_command_for_a_lock_it_must_leave(
    project: Project, dead_pid: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    take(project, dead_pid, host="elsewhere", taken=datetime.fromtimestamp(time.time(), UTC))

    code = commands.main(["unlock", "--project", str(project.folder)])

    said = capsys.readouterr().err
    assert code == commands.ENVIRONMENT_FAULT
    assert f"locked by process {dead_pid} of ann on elsewhere" in said
    assert "`pulumi cancel --stack dev --yes`" in said
