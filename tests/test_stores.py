from __future__ import annotations

from pathlib import Path

import duckdb
import psycopg
import pytest

from datakit_iac import stores
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.store_variables import given
from datakit_iac.technologies.technology import StoreError
from tests.manifest.writing import CONNECTOR, STORE, manifest, write
from tests.servers.postgres import Postgres as Server
from tests.servers.sharing import shared


def _job(folder: Path) -> Job:
    inbox = Connection("files", {"path": str(folder / "in box")})
    warehouse = Connection("duckdb", {"path": str(folder / "ware#house.duckdb")})
    read = BoundDataSet("users-csv", "my-inbox", inbox, Place(prefix="users.csv"))
    written = BoundDataSet("users", "warehouse", warehouse, Place(table="users"))
    return Job(transform="load", runtime="generic-python", settings={}, inputs=(read,), outputs=(written,))


def test_a_job_opens_the_stores_that_it_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = given(Workload(argv=["true"], env={"DK_STORE_TYPE_OTHER": "mine"}), _job(tmp_path))
    assert made.secret_env == {}
    plain = {name: value for name, value in made.env.items() if value != "mine"}
    assert {name.rpartition("_STORE_")[2] for name in plain} == {
        "TYPE_MY_INBOX", "DSN_MY_INBOX", "TYPE_WAREHOUSE", "DSN_WAREHOUSE",
    }  # fmt: skip
    for name, value in plain.items():
        monkeypatch.setenv(name, value)
    with stores.get("warehouse") as database:
        database.execute("CREATE TABLE users AS SELECT 1 AS id")
    assert (tmp_path / "ware#house.duckdb").is_file()
    assert stores.get("my-inbox") == tmp_path / "in box"


def test_a_notebook_opens_a_store_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, CONNECTOR, STORE, manifest("Environment", "dev", "spec: {}"))
    monkeypatch.chdir(tmp_path)
    with duckdb.connect(tmp_path / "warehouse.duckdb") as database:
        database.execute("CREATE TABLE users AS SELECT 7 AS id")

    with stores.get("warehouse") as found:
        assert found.execute("SELECT id FROM users").fetchall() == [(7,)]


def test_a_store_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, CONNECTOR, STORE, manifest("Environment", "dev", "spec: {}"))
    with pytest.raises(StoreError, match="there is no Store 'warehose' here"):
        stores.get("warehose", project=tmp_path)
    with pytest.raises(StoreError, match="there is no Environment 'prod'"):
        stores.get("warehouse", environment="prod", project=tmp_path)


def test_a_job_opens_a_server_with_a_password_of_any_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = shared(Server)
    role, password = "job@user", "a/b:c@d?e#f%g h"
    with psycopg.connect(dbname="postgres", autocommit=True, **facts) as database:  # type: ignore[arg-type]
        database.execute(f"""DROP ROLE IF EXISTS "{role}"; CREATE ROLE "{role}" LOGIN PASSWORD '{password}'""")
    options = {"host": facts["host"], "port": int(facts["port"]), "database": "postgres", "user": role, "schema": "raw"}
    connection = Connection("postgres", options, {"password": Secret(password)})
    read = BoundDataSet("users", "warehouse", connection, Place(table="users"))
    made = given(Workload(argv=["true"]), Job(transform="x", runtime="x", settings={}, inputs=(read,), outputs=()))
    assert password not in str(made)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    for name, hidden in made.secret_env.items():
        monkeypatch.setenv(name, hidden.reveal())

    with stores.get("warehouse") as database:
        assert database.execute("SELECT current_user, current_setting('search_path')").fetchall() == [(role, "raw")]
    monkeypatch.setenv("DK_STORE_DSN_WAREHOUSE", made.secret_env["DK_STORE_DSN_WAREHOUSE"].reveal() + "&port=1")
    with pytest.raises(StoreError) as refused:
        stores.get("warehouse")
    assert "a/b" not in str(refused.value)
