"""Records of Runs while the history cannot be used."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.job import Job
from datakit_iac.history import place
from datakit_iac.runs import recording
from datakit_iac.runs.operation import NotRecordedError, OwnOperation
from datakit_iac.runs.recording import Recording, opened, recorded
from datakit_iac.runs.request import RunRequest
from datakit_iac.technologies.postgres.factory import Postgres
from tests.technologies.kits import postgres_kit


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def operation(warnings: list[str]) -> OwnOperation:
    return OwnOperation("shop/dev", tell=warnings.append, warn=warnings.append, status=warnings.append)


def request(store: Connection | None = None) -> RunRequest:
    return RunRequest(Job("load", "generic-python", {}, (), ()), definition="d", history=store)


@contextmanager
def unusable(engine: sa.Engine) -> Iterator[None]:
    """While the table of Runs has another name, nothing can be written."""
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE datakit_runs RENAME TO hidden")
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE hidden RENAME TO datakit_runs")
    engine.dispose()


def in_file() -> sa.Engine:
    return sa.create_engine("sqlite:///.datakit/dev/history.db")


@contextmanager
def begun(call: OwnOperation) -> Iterator[Recording]:
    """A Run that has its turn."""
    history = opened(request(), call)
    with recorded(request(), call, history) as found:
        assert history.start(found.record.id)
        yield found


def test_an_end_that_cannot_be_recorded_at_once_is_recorded_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_PAUSES", (0.05,) * 100)
    warnings: list[str] = []
    with begun(call := operation(warnings)) as found:
        with unusable(in_file()):
            ending = threading.Thread(target=lambda: found.end("succeeded", call))
            ending.start()
            time.sleep(0.3)
            assert ending.is_alive()
        ending.join(30)
    assert (found.history.listed()[0].state, warnings) == ("succeeded", [])


def test_where_it_cannot_be_recorded_for_long_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_PAUSES", (0.01, 0.01))
    warnings: list[str] = []
    with begun(call := operation(warnings)) as found, unusable(in_file()):
        found.end("succeeded", call)
    (said,) = warnings
    assert "cannot be written: no such table: datakit_runs; it may be repeated" in said
    found.history.sweep()
    assert found.history.listed()[0].state == "lost"


def test_a_run_that_cannot_be_recorded_is_put_off(tmp_path: Path) -> None:
    call = operation([])
    history = opened(request(), call)
    with (
        unusable(in_file()),
        pytest.raises(NotRecordedError, match="cannot be written"),
        recorded(request(), call, history),
    ):
        raise AssertionError("it was run")
    (tmp_path / ".datakit/dev/history.db").write_bytes(b"no database" * 1000)
    place._ENGINES.clear()
    with pytest.raises(NotRecordedError, match="cannot be opened: file is not a database"):
        opened(request(), call)


def test_a_run_stops_before_other_machines_take_it_for_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "_BEAT", 0.05)
    monkeypatch.setattr(recording, "_FENCE", 0.3)
    store = postgres_kit(tmp_path).connection
    with Postgres().open(store, create=True):
        pass
    call = operation([])
    history = opened(request(store), call)
    with recorded(request(store), call, history):
        assert not call.cancel.wait(0.5)
        with unusable(Postgres().history_engine(store)):
            assert call.cancel.wait(30)
    assert "other machines may take it for lost" in call.cancel.reason
