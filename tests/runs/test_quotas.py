"""What an environment may use: Runs that wait for each other, and Stores that are full."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.contract.job import Job
from datakit_iac.provider.claims import Claims
from datakit_iac.provider.protocol import Call, PartialError
from datakit_iac.provider.resource_types.run import RunType
from datakit_iac.runs import execution
from datakit_iac.runs.operation import NotDoneError, Operation, Stop
from datakit_iac.runs.quotas import demand_room
from datakit_iac.runs.recording import Recording, opened, recorded
from datakit_iac.runs.request import RunOutcome, RunRequest
from datakit_iac.runtimes.job import JobFailedError


class Told(list[str]):
    """What a Run said, and the Call it said it through."""

    def __init__(self, stack: str = "dev") -> None:
        urn = f"urn:pulumi:{stack}::shop::datakit:index:Run::load"
        self.call = Call(urn, False, self.append, self.append, self.append, Stop(), Claims())


class Jobs:
    """Jobs that take a while and tell how many there were at a time."""

    def __init__(self) -> None:
        self.now = self.most = self.done = 0
        self._lock = threading.Lock()

    def __call__(self, request: RunRequest, call: Operation, recording: Recording) -> RunOutcome:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.05)
        with self._lock:
            self.now, self.done = self.now - 1, self.done + 1
        return RunOutcome({}, {}, recording.record)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The history is here."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """What a Run runs, here; all else of it is as ever."""
    made = Jobs()
    monkeypatch.setattr(execution, "_run_and_verified", made)
    return made


def properties(quotas: dict[str, Any], transform: str = "load") -> dict[str, Any]:
    return {"transform": transform, "runtime": "cloudquery", "outputs": [], "quotas": quotas, "definition": "1"}


@contextmanager
def held(stack: str = "dev", transform: str = "other") -> Iterator[None]:
    """While a Run of the stack runs in another process."""
    call = Told(stack).call
    request = RunRequest(Job(transform, "cloudquery", {}, (), ()), "1")
    history = opened(request, call)
    with recorded(request, call, history) as recording:
        recording.turn(None, "", call)
        yield
        recording.end("succeeded", call)


def all_at_once(*calls: Call, quotas: dict[str, Any]) -> None:
    with ThreadPoolExecutor(len(calls)) as threads:
        list(
            threads.map(lambda each: RunType().create(properties(quotas, f"load-{each[0]}"), each[1]), enumerate(calls))
        )


@pytest.mark.parametrize("most", [1, 2])
def test_there_are_never_more_runs_than_the_environment_allows(jobs: Jobs, most: int) -> None:
    all_at_once(*(Told().call for _ in range(6)), quotas={"concurrentRuns": float(most)})
    assert (jobs.done, jobs.most) == (6, most)


def test_without_a_quota_runs_go_side_by_side(jobs: Jobs) -> None:
    meeting = threading.Barrier(4, timeout=30)

    def meet(request: RunRequest, call: Operation, recording: Recording) -> RunOutcome:
        meeting.wait()
        return jobs(request, call, recording)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(execution, "_run_and_verified", meet)
        all_at_once(*(Told().call for _ in range(4)), quotas={})
    assert jobs.done == 4


def test_another_stack_is_no_reason_to_wait(jobs: Jobs) -> None:
    with held("stage"):
        all_at_once(Told("dev").call, quotas={"concurrentRuns": 1})
    assert jobs.done == 1


@pytest.mark.parametrize(
    ("other", "quotas", "saying"),
    [
        ("other", {"concurrentRuns": 1}, "waiting for another Run of load; dev allows 1 Run at a time"),
        ("load", {}, "waiting for another Run of load"),
    ],
)
def test_a_run_that_waits_says_so_and_stops_when_asked(other: str, quotas: dict[str, Any], saying: str) -> None:
    told = Told()
    with held(transform=other), ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(RunType().create, properties(quotas), told.call)
        while not told:
            time.sleep(0.01)
        told.call.cancel.set()
        with pytest.raises(PartialError, match="cancelled"):
            waiting.result(timeout=30)
    assert told == [saying]


def test_a_run_that_fails_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise JobFailedError("no")

    monkeypatch.setattr(execution, "_run_and_verified", fail)
    for _ in range(2):
        with pytest.raises(PartialError, match="no"):
            RunType().create(properties({"concurrentRuns": 1}), Told().call)


def full(path: Path, storage: str) -> dict[str, Any]:
    store = {"technology": "files", "connection": {"path": str(path)}}
    return {"storage": storage, "stores": {"inbox": store, "again": store}}


def test_a_run_is_refused_where_the_stores_are_full(tmp_path: Path, jobs: Jobs) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()
    (inbox / "a.csv").write_bytes(b"x" * 2048)
    expected = r"^the Stores of dev hold 2Ki of 2Ki \(inbox 2Ki\), so nothing more is written; remove data, or raise"
    with pytest.raises(NotDoneError, match=expected):
        RunType().create(properties(full(inbox, "2Ki")), Told().call)
    assert jobs.done == 0
    RunType().create(properties(full(inbox, "3Ki")), Told().call)
    assert jobs.done == 1


def test_a_run_that_fills_the_stores_stands_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    told = Told()
    with demand_room(full(tmp_path / "in", "1Ki"), told.call):
        (tmp_path / "in/a.csv").write_bytes(b"x" * 1536)
    assert told == ["the Stores of dev hold 1.5Ki of 1Ki (inbox 1.5Ki); the next Run will be refused"]


def test_a_run_that_is_done_stays_done_where_its_stores_can_no_longer_be_looked_at(
    tmp_path: Path, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path / "in"
    inbox.mkdir()

    listed = os.scandir

    def lose(request: RunRequest, call: Operation, recording: Recording) -> RunOutcome:
        monkeypatch.setattr("os.scandir", refuse)
        return jobs(request, call, recording)

    def refuse(folder: str) -> object:
        if Path(folder) == inbox:
            raise PermissionError(13, "Permission denied", str(folder))
        return listed(folder)

    monkeypatch.setattr(execution, "_run_and_verified", lose)
    told = Told()
    assert RunType().create(properties(full(inbox, "1Ki")), told.call) == ("load", {"written": {}, "counts": {}})
    assert told[0] == f"what the Stores of dev hold now cannot be determined: {inbox}: Permission denied"


def test_another_quota_is_no_difference() -> None:
    old, new = properties({"concurrentRuns": 1}), properties({"concurrentRuns": 2})
    assert not RunType().diff(old, new, {}).changed
