"""A Store is opened once for many operations, and comes free for an operation that needs it to itself."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.provider.claims import Claims
from datakit_iac.provider.protocol import Call
from datakit_iac.runs.operation import Stop
from datakit_iac.runs.stores import access
from datakit_iac.technologies.duckdb.factory import DuckDB
from datakit_iac.technologies.technology import Session, StoreError
from datakit_iac.testing import Lifecycle

STORE = {"name": "warehouse", "technology": "duckdb", "connection": {"path": "warehouse.duckdb"}}
SCHEMA = [{"name": "id", "type": "bigint"}]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    access.close_all(5)


@pytest.fixture
def connection(folder: Path) -> Connection:
    return Connection("duckdb", {"path": str(folder / "warehouse.duckdb")})


@pytest.fixture
def openings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every opening of a DuckDB file."""
    counted: list[str] = []
    original = DuckDB.open

    @contextmanager
    def counting(self: DuckDB, connection: Connection, *, create: bool = False) -> Iterator[Session]:
        counted.append(connection.options["path"])
        with original(self, connection, create=create) as session:
            yield session

    monkeypatch.setattr(DuckDB, "open", counting)
    return counted


def call() -> Call:
    return Call("urn:pulumi:dev::shop::datakit:index:Run::r", False, print, print, print, Stop(), Claims())


def can_be_opened(connection: Connection) -> bool:
    """Whether another process can open the file now."""
    code = f"import duckdb; duckdb.connect({connection.options['path']!r})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


def eventually(holds: Callable[[], bool], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.05)
    return held


def test_an_update_opens_a_store_once(lifecycle: Lifecycle, openings: list[str]) -> None:
    with lifecycle.update():
        lifecycle.subject("datakit:index:Store", "warehouse").up(STORE)
        made = [lifecycle.subject("datakit:index:DataSet", f"d{number}") for number in range(12)]
        for number, each in enumerate(made):
            each.up({"name": f"d{number}", "store": STORE, "table": f"raw.d{number}", "schema": SCHEMA})
        assert all(each.refresh() for each in made)
    assert len(openings) == 1
    with duckdb.connect("warehouse.duckdb") as database:
        assert database.execute("SELECT count(*) FROM duckdb_tables()").fetchone() == (12,)


def test_a_job_gets_a_store_to_itself(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "IDLE", 60)
    with access.opened(connection, call(), create=True):
        assert not can_be_opened(connection)
    assert not can_be_opened(connection)
    with access.alone([connection], call()):
        assert can_be_opened(connection)


def test_a_store_that_nobody_uses_is_closed(connection: Connection) -> None:
    with access.opened(connection, call(), create=True):
        pass
    assert eventually(lambda: can_be_opened(connection))


def test_another_process_gets_its_turn_while_a_store_is_in_use(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "LONGEST", 0.3)
    with access.opened(connection, call(), create=True):
        pass
    code = (
        "import sys; from datakit_iac.technologies.technology import technology;"
        "from datakit_iac.contract.dataset import Connection;"
        "opened = technology('duckdb').open(Connection('duckdb', {'path': sys.argv[1]})); opened.__enter__()"
    )
    other = subprocess.Popen([sys.executable, "-c", code, connection.options["path"]])
    while other.poll() is None:
        with access.opened(connection, call()):
            time.sleep(0.01)
    assert other.returncode == 0


def test_a_failure_closes_a_store_and_is_told_in_our_words(connection: Connection, openings: list[str]) -> None:
    with pytest.raises(StoreError, match="warehouse"), access.opened(connection, call(), create=True):
        raise duckdb.Error("out of sorts")
    assert can_be_opened(connection)
    with access.opened(connection, call()) as session:
        assert session.places("") == []
    assert len(openings) == 2


def test_what_was_written_is_seen_in_the_same_session(connection: Connection, lifecycle: Lifecycle) -> None:
    view = "CREATE VIEW raw.v AS SELECT * FROM raw.users"
    with lifecycle.update():
        lifecycle.subject("datakit:index:Store", "warehouse").up(STORE)
        users = lifecycle.subject("datakit:index:DataSet", "users")
        contract = {"name": "users", "store": STORE, "table": "raw.users", "schema": SCHEMA}
        users.up(contract)
    with duckdb.connect("warehouse.duckdb") as database:
        database.execute(view)
    with lifecycle.update():
        users.up({**contract, "schema": [*SCHEMA, {"name": "name", "type": "text"}], "description": "All."})
        assert users.refresh()
        assert [column["name"] for column in users.inputs["schema"]] == ["id", "name"]
        users.up({**contract, "table": "raw.people", "schema": SCHEMA, "description": "People."})
        assert users.refresh()
    assert users.inputs["description"] == "People."
