"""Sessions of a server are shared by the operations of an update, and never more than the engine has at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.provider.claims import Claims
from datakit_iac.provider.protocol import Call
from datakit_iac.runs.operation import Stop
from datakit_iac.runs.stores import session_pool
from datakit_iac.runs.stores.access import close_all, opened
from datakit_iac.technologies.roles import AltersSchema, role
from datakit_iac.technologies.technology import StoreError
from datakit_iac.testing import MARK, Lifecycle, TechnologyKit
from tests.technologies.kits import postgres, postgres_kit

Database = psycopg.Connection[tuple[Any, ...]]
SCHEMA = [{"name": "id", "type": "bigint"}]


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[TechnologyKit]:
    made = postgres_kit(tmp_path)
    with made.technology.open(made.connection, create=True):
        pass
    yield made
    close_all()


@pytest.fixture
def server(kit: TechnologyKit) -> Iterator[Database]:
    with postgres(str(kit.connection.options["database"])) as database:
        yield database


def call(stop: Stop | None = None) -> Call:
    return Call("urn:pulumi:dev::shop::datakit:index:DataSet::d", False, print, print, print, stop or Stop(), Claims())


def sessions(server: Database) -> int:
    """How many connections of ours the database has."""
    ours = "datname = current_database() AND application_name = 'datakit'"
    ((count,),) = server.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {ours}").fetchall()
    return int(count)


def eventually(server: Database, count: int) -> bool:
    """Whether so many connections are left: a server takes a moment to end one that was closed."""
    deadline = time.monotonic() + 10
    while sessions(server) != count and time.monotonic() < deadline:
        time.sleep(0.05)
    return sessions(server) == count


def test_a_thousand_tables_are_read_by_a_constant_number_of_statements(
    kit: TechnologyKit,
    server: Database,
    lifecycle: Lifecycle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connection = kit.connection
    store = {"name": "w", "technology": "postgres", "connection": connection.options, "secrets": connection.secrets}
    server.execute("CREATE SCHEMA raw")
    server.execute(
        "DO $$ BEGIN FOR n IN 0..999 LOOP EXECUTE format('CREATE TABLE raw.t%s (id bigint)', n);"
        f" EXECUTE format('COMMENT ON TABLE raw.t%s IS ''{MARK.append_to('')}''', n); END LOOP; END $$"
    )
    statements: list[str] = []
    execute = psycopg.Connection.execute

    def counting(self: Any, query: Any, *more: Any, **named: Any) -> Any:
        statements.append(query)
        return execute(self, query, *more, **named)

    with lifecycle.update():
        subjects = []
        for number in range(1000):
            subject = lifecycle.subject("datakit:index:DataSet", f"t{number}")
            subject.id = f"{kit.technology.location(connection)}#raw.t{number}"
            subject.inputs = {"name": f"t{number}", "store": store, "table": f"raw.t{number}", "schema": SCHEMA}
            subject.outputs = {"generation": MARK.generation}
            subjects.append(subject)
        monkeypatch.setattr(psycopg.Connection, "execute", counting)
        with ThreadPoolExecutor(8) as engine:
            assert all(engine.map(lambda each: each.refresh(), subjects))
    assert len(statements) <= 3
    server.execute("ALTER TABLE raw.t7 ADD COLUMN extra text; DROP TABLE raw.t8")
    with lifecycle.update():
        assert (subjects[7].refresh(), subjects[8].refresh()) == (True, False)


def test_no_more_sessions_are_open_than_there_may_be(
    kit: TechnologyKit, server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_pool, "MOST", 3)
    most = []

    def work(_: int) -> None:
        with opened(kit.connection, call()) as session:
            session.places("x")
            time.sleep(0.02)

    with ThreadPoolExecutor(12) as engine:
        done = [engine.submit(work, number) for number in range(60)]
        while not all(each.done() for each in done):
            most.append(sessions(server))
    assert [each.result() for each in done] == [None] * 60
    assert max(most) == 3


def test_a_session_is_kept_for_the_next_operation_and_closed_after_a_while(
    kit: TechnologyKit, server: Database
) -> None:
    with opened(kit.connection, call()) as first:
        pass
    with opened(kit.connection, call()) as second:
        assert second is first
    assert eventually(server, 0)


def test_another_connection_has_a_session_of_its_own_in_the_place_of_one_that_is_free(
    kit: TechnologyKit, server: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_pool, "MOST", 1)
    other = Connection("postgres", {**kit.connection.options, "schema": "other"}, kit.connection.secrets)
    with opened(kit.connection, call()) as first:
        pass
    with opened(other, call()) as second:
        assert second is not first
        assert second.places("x") == []
        assert eventually(server, 1)


def test_a_session_that_failed_is_not_used_again(kit: TechnologyKit, server: Database) -> None:
    with opened(kit.connection, call()) as first:
        pass
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    server.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    with pytest.raises(StoreError, match="connection to Postgres was cut"), opened(kit.connection, call()) as second:
        second.version()
    assert second is first
    with opened(kit.connection, call()) as third:
        assert third.version()


def test_a_wait_for_a_lock_ends_when_the_user_stops_it(kit: TechnologyKit, server: Database) -> None:
    with opened(kit.connection, call()) as session:
        role(session, AltersSchema, "postgres").create(kit.dataset(), MARK)
    stop, began = Stop(), time.monotonic()
    threading.Timer(0.5, stop.set).start()
    with server.transaction():
        server.execute("LOCK TABLE raw.users")
        with pytest.raises(Cancelled), opened(kit.connection, call(stop)) as session:
            role(session, AltersSchema, "postgres").alter(kit.dataset(description="Other."), (), MARK)
    assert time.monotonic() - began < 5
    with opened(kit.connection, call()) as session:
        live = session.describe(kit.place("users"))
    assert live is not None
    assert live.description == "All users."
