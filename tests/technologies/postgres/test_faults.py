"""What goes wrong with a server: each time one clear error without the password, and nothing half done."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import certifi
import psycopg
import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.postgres.factory import Postgres
from datakit_iac.technologies.postgres.session import PostgresSession
from datakit_iac.technologies.technology import StoreError, StoreMissingError
from datakit_iac.testing import MARK, TechnologyKit
from tests.servers.postgres import Postgres as Server
from tests.servers.postgres import PostgresWithTls
from tests.servers.sharing import shared
from tests.technologies.kits import column, postgres_kit
from tests.technologies.postgres.conftest import Database

NEW = (column("id", "bigint"), column("name"), column("email", description="Where."))


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    """A role that may connect and nothing else; its password is its name."""
    name = f"role_{uuid4().hex[:8]}"
    database.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
    yield name
    database.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def as_role(kit: TechnologyKit, role: str, **more: object) -> Connection:
    return Connection("postgres", {**kit.connection.options, "user": role, **more}, {"password": Secret(role)})


def altered(session: PostgresSession, kit: TechnologyKit) -> None:
    changes = plan(kit.dataset().columns, NEW, canonical=Postgres().canonical)
    session.alter(kit.dataset(columns=NEW), changes, MARK)


def altered_after(act: Callable[[], None], session: PostgresSession, kit: TechnologyKit) -> None:
    act()
    altered(session, kit)


# What a role may not do.


def test_a_role_that_may_make_no_database_is_reported(kit: TechnologyKit, role: str) -> None:
    elsewhere = as_role(kit, role, database=f"other_{uuid4().hex[:8]}")
    expected = r"refused `CREATE DATABASE .*: permission denied to create database; grant the role what it lacks"
    with pytest.raises(StoreError, match=expected), Postgres().open(elsewhere, create=True):
        pass
    with pytest.raises(StoreMissingError), Postgres().open(elsewhere):
        pass


def test_a_role_that_may_not_connect_to_the_database_is_reported(
    kit: TechnologyKit, database: Database, role: str
) -> None:
    database.execute(f"REVOKE CONNECT ON DATABASE {kit.connection.options['database']} FROM PUBLIC")
    expected = "permission denied for database .*; grant the role LOGIN and CONNECT"
    with pytest.raises(StoreError, match=expected) as refused, Postgres().open(as_role(kit, role), create=True):
        pass
    assert not isinstance(refused.value, StoreMissingError)


def test_a_role_that_may_make_no_schema_is_reported_and_needs_not_where_there_is_one(
    kit: TechnologyKit, database: Database, role: str
) -> None:
    with Postgres().open(as_role(kit, role)) as limited:
        with pytest.raises(StoreError, match=r'refused `CREATE SCHEMA .*"raw"`: permission denied for database'):
            limited.create(kit.dataset(), MARK)
        database.execute(f"CREATE SCHEMA raw; GRANT USAGE, CREATE ON SCHEMA raw TO {role}")
        limited.create(kit.dataset(), MARK)
        assert limited.describe(kit.place("users")) is not None


def test_a_role_that_may_not_alter_a_table_is_reported(
    kit: TechnologyKit, session: PostgresSession, database: Database, role: str
) -> None:
    session.create(kit.dataset(), MARK)
    before = session.describe(kit.place("users"))
    database.execute(f"GRANT USAGE ON SCHEMA raw TO {role}; GRANT SELECT ON raw.users TO {role}")
    expected = "must be owner of table users; grant the role what it lacks"
    with Postgres().open(as_role(kit, role)) as limited, pytest.raises(StoreError, match=expected):
        altered(limited, kit)
    assert session.describe(kit.place("users")) == before


def test_a_table_that_may_not_be_read_is_reported(
    kit: TechnologyKit, session: PostgresSession, database: Database, role: str
) -> None:
    session.create(kit.dataset(), MARK)
    with Postgres().open(as_role(kit, role)) as limited, pytest.raises(psycopg.Error):
        limited.describe(kit.place("users"))
    expected = "permission denied for schema raw; grant the role what it lacks"
    with pytest.raises(StoreError, match=expected), Postgres().open(as_role(kit, role)) as limited:
        limited.describe(kit.place("users"))


def test_a_role_that_is_granted_something_and_does_not_exist_leaves_no_table(
    kit: TechnologyKit, session: PostgresSession
) -> None:
    granting = Connection("postgres", {**kit.connection.options, "grants": {"nobody": "read"}}, kit.connection.secrets)
    with Postgres().open(granting) as other, pytest.raises(StoreError, match='role "nobody" does not exist'):
        other.create(kit.dataset(), MARK)
    assert session.describe(kit.place("users")) is None


# Others in the way.


def test_a_lock_is_waited_for_no_longer_than_the_connection_says(
    kit: TechnologyKit, session: PostgresSession, database: Database
) -> None:
    session.create(kit.dataset(), MARK)
    before, began = session.describe(kit.place("users")), time.monotonic()
    hasty = Connection("postgres", {**kit.connection.options, "lockTimeout": 1}, kit.connection.secrets)
    with database.transaction(), Postgres().open(hasty) as other:
        database.execute("LOCK TABLE raw.users IN ACCESS SHARE MODE")
        with pytest.raises(StoreError, match="another session holds it; wait until it is done, or raise `lockTimeout`"):
            altered(other, kit)
    assert 0.9 < time.monotonic() - began < 10
    assert session.describe(kit.place("users")) == before
    altered(session, kit)


def test_a_statement_takes_no_longer_than_the_connection_says(kit: TechnologyKit, session: PostgresSession) -> None:
    hasty = Connection("postgres", {**kit.connection.options, "statementTimeout": 1}, kit.connection.secrets)
    with pytest.raises(StoreError, match="it took longer than `statementTimeout`"), Postgres().open(hasty) as other:
        other.rows("SELECT pg_sleep(20)")


def test_two_who_create_the_same_at_a_time_leave_one_table(kit: TechnologyKit, session: PostgresSession) -> None:
    told: list[str] = []

    def create() -> None:
        try:
            with Postgres().open(kit.connection) as other:
                other.create(kit.dataset(), MARK)
                told.append("")
        except StoreError as refused:
            told.append(str(refused))

    threads = [threading.Thread(target=create) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(told)[0] == ""
    assert all("already exists; another made it meanwhile; run again" in text for text in sorted(told)[1:])
    live = session.describe(kit.place("users"))
    assert live is not None
    assert live.mark == MARK


def test_two_who_make_the_same_database_at_a_time_both_have_it(tmp_path: Path) -> None:
    kit, failed = postgres_kit(tmp_path), list[str]()

    def make() -> None:
        try:
            with Postgres().open(kit.connection, create=True) as session:
                session.version()
        except StoreError as refused:
            failed.append(str(refused))

    threads = [threading.Thread(target=make) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []


def test_a_table_that_is_dropped_meanwhile_is_reported(
    kit: TechnologyKit, session: PostgresSession, database: Database
) -> None:
    session.create(kit.dataset(), MARK)
    database.execute("DROP TABLE raw.users")
    with pytest.raises(StoreError, match=r'"raw.users" does not exist; another dropped it meanwhile; run again'):
        altered(session, kit)


def test_a_connection_that_is_cut_while_it_waits_in_an_alter_leaves_the_table_as_it_was(
    kit: TechnologyKit, session: PostgresSession, database: Database
) -> None:
    session.create(kit.dataset(), MARK)
    before = session.describe(kit.place("users"))
    said: list[str] = []

    def alter() -> None:
        try:
            with Postgres().open(kit.connection) as other:
                altered(other, kit)
        except StoreError as cut:
            said.append(str(cut))

    with database.transaction():
        database.execute("LOCK TABLE raw.users IN ACCESS SHARE MODE")
        waiting = threading.Thread(target=alter)
        waiting.start()
        blocked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        deadline = time.monotonic() + 20
        while not (found := database.execute(blocked).fetchall()) and time.monotonic() < deadline:
            database.execute("SELECT pg_stat_clear_snapshot()")
        database.execute("SELECT pg_terminate_backend(%s)", found[0])
        waiting.join()
    assert re.match(r"the connection to Postgres was cut: .*; nothing of this step was kept, run again$", said[0])
    assert session.describe(kit.place("users")) == before
    altered(session, kit)


# A server of one's own, which is stopped and started.


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(Path(tempfile.mkdtemp(prefix="datakit-postgres-")))
    made.start()
    yield made
    made.remove()


@pytest.fixture
def own(server: Server) -> Connection:
    facts = server.facts()
    options = {"host": facts["host"], "port": int(facts["port"]), "user": facts["user"], "database": "shop"}
    return Connection("postgres", options, {"password": Secret(facts["password"])})


@pytest.mark.slow
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_goes_in_the_middle_is_reported_and_found_again(
    server: Server, own: Connection, kit: TechnologyKit, end: str
) -> None:
    with Postgres().open(own, create=True) as session:
        session.create(kit.dataset(), MARK)
        session.database.execute("CHECKPOINT")  # the test server does not wait for its disk
    with pytest.raises(StoreError, match="connection to Postgres was cut") as cut, Postgres().open(own) as session:
        altered_after(getattr(server, end), session, kit)
    with pytest.raises(StoreError, match="Connection refused; is the server running") as down, Postgres().open(own):
        pass
    assert not isinstance(down.value, StoreMissingError)
    assert server.password not in f"{cut.value}{down.value}"
    server.start()
    with Postgres().open(own) as session:
        altered(session, kit)
        live = session.describe(kit.place("users"))
    assert live is not None
    assert [each.name for each in live.columns] == ["id", "name", "email"]


@pytest.mark.slow
def test_the_password_is_in_no_process_argument(own: Connection) -> None:
    with Postgres().open(own, create=True):
        shown = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert own.secrets["password"].reveal() not in shown


# A server with TLS.


def with_tls(sslmode: str, host: str, authority: str, database: str) -> Connection:
    facts = shared(PostgresWithTls)
    options = {"host": host, "port": int(facts["port"]), "user": facts["user"], "database": database}
    rooted = {"sslrootcert": facts["authority"] if authority == "its own" else authority} if authority else {}
    return Connection("postgres", {**options, **rooted, "sslmode": sslmode}, {"password": Secret(facts["password"])})


@pytest.mark.parametrize(
    ("sslmode", "host", "authority"),
    [("require", "127.0.0.1", ""), ("verify-ca", "127.0.0.1", "its own"), ("verify-full", "localhost", "its own")],
)
def test_a_connection_is_encrypted_as_it_says(sslmode: str, host: str, authority: str) -> None:
    with Postgres().open(with_tls(sslmode, host, authority, "postgres")) as session:
        assert session.rows("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(True,)]


@pytest.mark.parametrize(
    ("sslmode", "host", "authority", "message"),
    [
        ("disable", "localhost", "", "no pg_hba.conf entry .*no encryption; allow this role and host"),
        ("verify-full", "127.0.0.1", "its own", "does not match host name .*; correct `sslmode` and `sslrootcert`"),
        ("verify-ca", "localhost", "/nowhere/ca.crt", 'root certificate file "/nowhere/ca.crt" does not exist'),
        ("verify-ca", "localhost", certifi.where(), "certificate verify failed; correct `sslmode` and `sslrootcert`"),
    ],
)
def test_a_server_that_is_not_trusted_is_reported(sslmode: str, host: str, authority: str, message: str) -> None:
    with pytest.raises(StoreError, match=message), Postgres().open(with_tls(sslmode, host, authority, "postgres")):
        pass


def test_an_older_server_narrows_no_type_and_says_so(kit: TechnologyKit) -> None:
    store = with_tls("require", "127.0.0.1", "", f"shop_{uuid4().hex[:8]}")
    with Postgres().open(store, create=True) as session:
        if session.version() >= "16":
            pytest.skip("this server is not older")
        session.create(kit.dataset(), MARK)
        altered(session, kit)
        session.database.execute("INSERT INTO raw.users VALUES (1, 'ann')")
        assert session.data_version(kit.dataset()) is not None
    changes = plan(NEW, (NEW[0], column("name", "int"), NEW[2]), canonical=Postgres().canonical)
    expected = "giving a column a narrower type takes Postgres 16 or later"
    with pytest.raises(StoreError, match=expected), Postgres().open(store) as session:
        session.alter(kit.dataset(columns=NEW), changes, MARK)
