"""The history of Runs, in SQLite and in Postgres."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from datakit_iac.history import history as module
from datakit_iac.history import place
from datakit_iac.history.database import Database, HistoryError
from datakit_iac.history.deployments import Deployments
from datakit_iac.history.history import AlreadyDoneError, History
from datakit_iac.history.leases import Lease
from datakit_iac.history.log import Log
from datakit_iac.history.record import RunRecord
from datakit_iac.history.tables import STEPS, VERSION, NewerHistoryError, migrate
from datakit_iac.history.uuid7 import uuid7
from datakit_iac.technologies.postgres.factory import Postgres
from tests.technologies.kits import postgres_kit


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """An empty history, beside that of another stack in the same database."""
    monkeypatch.chdir(tmp_path)
    store = postgres_kit(tmp_path).connection if request.param == "postgres" else None
    if store:
        with Postgres().open(store, create=True):
            pass
    found = place.opened("shop/dev", store)
    other = place.opened("another/dev", store)
    History(other).queue(record(other))
    return found


def record(database: Database, transform: str = "load", log: str = "", **more: object) -> RunRecord:
    return replace(
        RunRecord(
            id=str(uuid7()),
            stack=database.stack,
            transform=transform,
            trigger="manual",
            definition="d",
            identity="i",
            state="queued",
            queued_at=time.time(),
            host=database.host,
            log=log,
        ),
        **more,  # type: ignore[arg-type]
    )


def test_runs_of_a_transform_take_turns_and_the_environment_limits_all(database: Database) -> None:
    history = History(database)
    first, second, other = record(database), record(database), record(database, transform="other")
    for each in (first, second, other):
        history.queue(each)
    turn = history.start(first.id)
    assert turn
    assert turn.previous is None
    assert history.start(second.id) is None
    assert history.start(other.id, most=1) is None
    history.end(first, "succeeded", outputs={"users": "v1"}, counts={"users": 3})
    assert history.start(other.id, most=1)
    turn = history.start(second.id, most=2)
    assert turn
    assert turn.previous
    assert turn.previous.succeeded == turn.previous.run
    assert (turn.previous.run.outputs, turn.previous.run.counts) == ({"users": "v1"}, {"users": 3})
    history.end(second, "failed", error="no")
    latest = history.latest()["load"]
    assert (latest.run.error, latest.succeeded and latest.succeeded.id) == ("no", first.id)
    assert [each.id for each in history.listed(transform="load")] == [second.id, first.id]
    assert [each.id for each in history.listed(states=["running"])] == [other.id]
    assert history.found(first.id[:36]) == [history.listed(transform="load")[1]]
    assert history.succeeded() == {"load": first.id}


def test_of_many_who_start_at_once_one_runs(database: Database) -> None:
    history = History(database)
    records = [record(database) for _ in range(8)]
    for each in records:
        history.queue(each)
    with ThreadPoolExecutor(8) as threads:
        turns = list(threads.map(lambda each: history.start(each.id), records))
    assert sum(turn is not None for turn in turns) == 1


def test_a_time_of_a_schedule_is_started_once_unless_it_was_lost(database: Database, tmp_path: Path) -> None:
    history = History(database)
    log = Log(tmp_path / "a.log")
    due = record(database, due=60.0, log=str(log.path))
    history.queue(due)
    with pytest.raises(AlreadyDoneError):
        history.queue(record(database, due=60.0))
    assert history.latest_due() == {"load": 60.0}
    history.sweep()
    assert history.listed()[0].state == "queued"
    log.close()  # what ran it ends without a word
    history.sweep()
    assert history.listed()[0].state == "lost"
    assert history.latest_due() == {}
    history.queue(record(database, due=60.0))


def test_a_run_of_another_machine_is_lost_when_its_lease_is_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(database)
    history.queue(record(database, host="elsewhere"))
    history.sweep()
    assert history.listed()[0].is_open
    monkeypatch.setattr(module, "LEASE", 0.0)
    history.sweep()
    assert history.listed()[0].state == "lost"


def test_a_run_that_is_asked_to_stop_hears_it(database: Database) -> None:
    history = History(database)
    asked = record(database)
    history.queue(asked)
    assert not history.beat(asked.id)
    history.ask_to_stop(asked.id)
    assert history.beat(asked.id)


def test_a_run_that_was_not_needed_leaves_nothing(database: Database) -> None:
    history = History(database)
    first, second = record(database), record(database)
    history.queue(first)
    history.start(first.id)
    history.end(first, "succeeded")
    history.queue(second)
    turn = history.start(second.id)
    assert turn
    history.withdraw(second, turn.previous)
    assert history.latest()["load"].run.id == first.id
    assert [each.id for each in history.listed()] == [first.id]


def test_one_holds_a_lease_until_it_is_over_or_given_back(database: Database) -> None:
    first, second = Lease(database, "scheduler", "a"), Lease(database, "scheduler", "b")
    assert first.take(60)
    assert first.take(60)
    assert not second.take(60)
    first.give_back()
    assert second.take(0.01)
    time.sleep(0.02)
    assert first.take(60)


def test_what_is_deployed_is_known(database: Database) -> None:
    deployments = Deployments(database)
    deployments.put("load", "1")
    deployments.put("load", "2")
    assert deployments.definitions() == {"load": "2"}


def test_a_step_to_a_newer_version_is_taken_once_and_an_older_datakit_refuses_it(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/h.db")
    taken: list[int] = []

    def second(connection: sa.Connection) -> None:
        connection.execute(sa.text("ALTER TABLE datakit_runs ADD COLUMN cost FLOAT"))
        taken.append(2)

    for _ in range(2):
        with engine.begin() as connection:
            migrate(connection, (*STEPS, second))
    assert taken == [2]
    with engine.begin() as connection:
        assert connection.scalar(sa.select(VERSION.c.version)) == len(STEPS) + 1
        with pytest.raises(NewerHistoryError, match="upgrade it"):
            migrate(connection)


@pytest.mark.parametrize("wrong", ["no database", "no folder"])
def test_a_history_that_cannot_be_opened_says_where_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if wrong == "no database":
        (tmp_path / ".datakit/dev").mkdir(parents=True)
        (tmp_path / ".datakit/dev/history.db").write_bytes(b"this is not a database, whatever its name may be" * 100)
    else:
        (tmp_path / ".datakit").write_text("a file")
    with pytest.raises(HistoryError, match=rf"the history {tmp_path}/\.datakit/dev/history\.db cannot be opened: "):
        place.opened("shop/dev")


def test_a_history_that_another_process_holds_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(place, "_PATIENCE", 0.2)
    database = place.opened("shop/dev")
    with sa.create_engine(f"sqlite:///{tmp_path}/.datakit/dev/history.db").connect() as other:
        other.exec_driver_sql("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryError, match="cannot be written: database is locked"):
            History(database).queue(record(database))
        other.exec_driver_sql("ROLLBACK")
    History(database).queue(record(database))


def test_old_runs_go_and_those_that_tell_what_is_done_stay(database: Database) -> None:
    history = History(database)
    made = {}
    for name, transform, state, due in (
        ("first", "load", "succeeded", None),
        ("failed", "load", "failed", None),
        ("scheduled early", "report", "succeeded", 60.0),
        ("scheduled late", "report", "succeeded", 120.0),
        ("lost", "report", "lost", 180.0),
        ("by hand", "report", "succeeded", None),
        ("open", "other", "queued", None),
        ("last", "load", "failed", None),
    ):
        made[name] = record(database, transform, due=due, log="/nowhere")
        history.queue(made[name])
        if state != "queued":
            history.start(made[name].id)
            history.end(made[name], state)  # type: ignore[arg-type]
    before = time.time() + 1
    assert history.forget(time.time() - 3600) == 0
    assert (history.forget(before, most=1), history.forget(before), history.forget(before)) == (1, 2, 0)
    left = {name for name, each in made.items() if history.found(each.id)}
    assert left == {"first", "last", "scheduled late", "by hand", "open"}
    assert history.latest_due() == {"report": 120.0}


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_the_clock_of_a_server_judges_and_not_that_of_a_client(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(database)
    lease, other = Lease(database, "scheduler", "a"), Lease(database, "scheduler", "b")
    assert lease.take(60)
    run = record(database, host="elsewhere")
    history.queue(run)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 3600)  # this machine is an hour ahead
    assert not other.take(60)
    history.sweep()
    assert history.listed()[0].is_open
    assert not history.beat(run.id)
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    assert not other.take(60)
    assert lease.take(60)


def test_a_run_that_was_taken_for_lost_hears_it(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(database)
    run = record(database, host="elsewhere")
    history.queue(run)
    monkeypatch.setattr(module, "LEASE", 0.0)
    history.sweep()
    assert "taken for lost" in history.beat(run.id)
