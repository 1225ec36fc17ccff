"""The Runtime of functions: whole runs in processes of their own, against Stores."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from threading import Event
from typing import Any

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.workload import Workload
from datakit_iac.functions.declaration import declaration
from datakit_iac.manifest.models.dataset import DataSet, Place
from datakit_iac.manifest.models.document import API_VERSION
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes.definition import given, given_digest
from datakit_iac.runtimes.execution import run
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult
from datakit_iac.runtimes.python import job as process
from datakit_iac.runtimes.python.runtime import Python
from datakit_iac.technologies.ownership import Mark
from datakit_iac.testing import Recorded
from tests.cloudquery.stores import KINDS, PostgresStore, Store
from tests.functions import scoring

pytestmark = pytest.mark.engine

SCORING = Path(scoring.__file__).read_text()


class Within(LocalProcesses):
    """An Executor that runs a function in this process: a start takes most of the time of a small job."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._jobs = folder

    def start(self, workload: Workload) -> Any:
        folder = Path(mkdtemp(dir=self._jobs))
        for path, text in workload.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        os.environ.update({name: each.reveal() for name, each in workload.secret_env.items()})
        with redirect_stdout(StringIO()) as said, redirect_stderr(StringIO()):
            code = process.main(workload.expanded(folder)[4:])
        return Recorded(said.getvalue().splitlines(), code)


@dataclass
class Bench:
    """A folder of functions, a database of some kind, and jobs on it."""

    folder: Path
    store: Store
    shown: list[str] = field(default_factory=list)

    @property
    def warehouse(self) -> Connection:
        if isinstance(self.store, PostgresStore):
            options = {name: value for name, value in self.store.connection.items() if name != "password"}
            return Connection("postgres", options, {"password": Secret(self.store.connection["password"])})
        return Connection("duckdb", {"path": str(self.folder / "w.duckdb")})

    def bound(self, name: str) -> BoundDataSet:
        document = getattr(scoring, name).document
        spec = DataSet.model_validate({"apiVersion": API_VERSION, **document}).spec
        return BoundDataSet(name, "warehouse", self.warehouse, spec.place, tuple(spec.columns))

    def job(self, function: Callable[..., Any], **more: Any) -> Job:
        declared = declaration(function)
        assert declared is not None
        spec = declared.document["spec"]
        settings = {**spec["python"], "module": str(self.folder / "transforms/scoring.py")}
        inputs, outputs = (tuple(self.bound(each["dataset"]) for each in spec[side]) for side in ("inputs", "outputs"))
        job = Job("score", "python", settings, inputs, outputs, identity="1f")
        return replace(job, **more)

    def run(self, job: Job, executor: type[LocalProcesses] = Within) -> RunResult:
        context = RunContext(executor(self.folder), self.folder / "cache", self.shown.append, Event())
        return run(Python(), job, context)

    def rows(self) -> list[Any]:
        return self.store.sql("SELECT id, v FROM raw.a ORDER BY id, v")


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, KINDS[getattr(request, "param", "duckdb")](tmp_path))
    (tmp_path / "transforms").mkdir()
    (tmp_path / "transforms/scoring.py").write_text(SCORING)
    bench.store.sql(
        "CREATE SCHEMA IF NOT EXISTS raw; CREATE TABLE raw.users (id bigint, name varchar, _cq_source_name varchar);"
        "INSERT INTO raw.users SELECT n, 'u' || n, 'x' FROM generate_series(1, 3) AS g(n)"
    )
    return bench


ON_EACH = pytest.mark.parametrize("bench", ["duckdb", "postgres"], indirect=True)
THREE = [(1, "u1"), (2, "u2"), (3, "u3")]


@ON_EACH
def test_rows_come_from_the_store_and_go_to_it_in_one_transaction(bench: Bench) -> None:
    job = bench.job(scoring.by_generator)
    assert bench.run(job, LocalProcesses).counts == {"a": 3}
    assert bench.rows() == THREE
    assert bench.store.sql("SELECT DISTINCT _cq_source_name FROM raw.a") == [("score",)]
    bench.store.sql("DELETE FROM raw.users WHERE id > 1")
    assert bench.run(job).counts == {"a": 1}
    assert bench.rows() == THREE[:1]
    for function, said in (
        (scoring.raising, "raising raised RuntimeError: no more"),
        (scoring.late_wrong, "column id is required, and 1 row has no value in it"),
        (scoring.wrong_columns, "what wrong_columns returned does not keep the contract of a"),
        (scoring.leaving, "leaving raised SystemExit: 0"),
    ):
        with pytest.raises(JobFailedError, match=said) as failed:
            bench.run(bench.job(function, identity="2f", retries=function not in (scoring.raising, scoring.leaving)))
        assert "attempt" not in failed.value.cause, "another would fail alike"
        assert bench.rows() == THREE[:1]
    assert bench.run(bench.job(scoring.two)).counts == {"a": 1, "b": 1}


@ON_EACH
def test_write_modes_are_those_of_cloudquery_and_a_retried_run_appends_once(bench: Bench) -> None:
    assert bench.run(bench.job(scoring.by_pandas)).counts == {"a": 3}
    bench.store.sql("UPDATE raw.users SET name = 'other' WHERE id = 1; DELETE FROM raw.users WHERE id = 3")
    bench.run(bench.job(scoring.overwriting, identity="2f"))
    assert bench.rows() == [(1, "other"), *THREE[1:]]
    log = replace(
        bench.bound("a"),
        place=Place(table="raw.log"),
        columns=tuple(each.model_copy(update={"primary_key": False}) for each in bench.bound("a").columns),
    )
    for identity in ("3f", "4f", "4f"):
        assert bench.run(bench.job(scoring.appending, identity=identity, outputs=(log,))).counts == {"a": 2}
        if identity == "3f":  # who makes the table marks it
            mark = Mark(stack="shop/dev", dataset="a", generation="1f").append_to("")
            bench.store.sql(f"COMMENT ON TABLE raw.log IS '{mark}'")
    assert bench.store.sql("SELECT count(*) FROM raw.log") == [(4,)]


@ON_EACH
def test_values_of_every_type_arrive(bench: Bench) -> None:
    bench.run(bench.job(scoring.every_type))
    ((row),) = bench.store.sql('SELECT price, code, seen, "at", tags, more FROM raw.kept WHERE id = 1')
    assert [str(row[0]), str(row[1]), row[2].isoformat(), row[4]] == [
        "1.50", "00000000-0000-0000-0000-000000000007", "2026-01-02T03:00:00", ["x", "y"],
    ]  # fmt: skip
    assert row[3].timestamp() == 1767315600
    assert (row[5] if isinstance(row[5], dict) else json.loads(row[5])) == {"k": [1, None]}
    assert bench.store.sql("SELECT name, price, more FROM raw.kept WHERE id = 2") == [(None, None, None)]


def test_a_file_is_read_and_what_a_function_is_not_given_is_not_there(bench: Bench) -> None:
    (bench.folder / "users.csv").write_text("id,name\n7,x\n")
    (bench.folder / "transforms/extra.txt").write_text("x")
    files = Connection("files", {"path": str(bench.folder)})
    users = replace(bench.bound("users"), connection=files, place=Place(prefix="users.csv"))
    assert bench.run(bench.job(scoring.by_table, inputs=(users,))).counts == {"a": 1}
    assert bench.rows() == [(7, "x")]
    text = SCORING.replace("    raise SystemExit(0)", '    return open(__file__.replace("scoring.py", "extra.txt"))')
    (bench.folder / "transforms/scoring.py").write_text(text)
    with pytest.raises(JobFailedError, match="leaving raised FileNotFoundError") as failed:
        bench.run(bench.job(scoring.leaving))
    assert "transforms/scoring.py:" in failed.value.lines[0]


def test_the_definition_covers_the_modules_that_are_imported_and_no_comments(bench: Bench) -> None:
    def definition(**more: Any) -> str:
        return Python().definition(bench.job(scoring.by_table, **more))

    module = bench.folder / "transforms/scoring.py"
    module.write_text(f"{SCORING}\n\ndef late():\n    import shared.weights\n")
    first = definition()
    module.write_text(f"# A comment.\n{SCORING}\n\ndef late():\n    '''Said.'''\n    import shared.weights  # late\n")
    assert definition() == first
    (bench.folder / "transforms/shared").mkdir()
    (bench.folder / "transforms/shared/weights.py").write_text("W = 1")
    (bench.folder / "transforms/other.py").write_text("W = 1")
    second = definition()
    (bench.folder / "transforms/shared/weights.py").write_text("W = 2")
    assert len({first, second, definition()}) == 3
    assert {Path(each).name for each in given(bench.job(scoring.by_table))} == {"scoring.py", "weights.py"}
    assert definition(outputs=(replace(bench.bound("a"), place=Place(table="raw.z")),)) != definition()


def test_modules_that_were_not_approved_do_not_run(bench: Bench) -> None:
    job = bench.job(scoring.by_table)
    job = replace(job, given=given_digest(given(job)))
    assert bench.run(job).counts == {"a": 3}
    (bench.folder / "transforms/scoring.py").write_text(f"{SCORING}\nX = 1\n")
    with pytest.raises(JobFailedError, match="not those that were approved; nothing was run"):
        bench.run(job)


def test_what_cannot_be_read_or_written_is_said_before_anything_runs(bench: Bench) -> None:
    job = bench.job(scoring.by_table)
    elsewhere = Connection("snowflake", {"account": "a", "database": "d", "user": "u"})
    faults = Python().check(replace(job, inputs=(replace(job.inputs[0], connection=elsewhere),)))
    assert [fault.line for fault in faults] == [
        "a function cannot read from snowflake (input users); it reads from duckdb, files, kafka, postgres, s3"
    ]
    other = replace(
        bench.bound("b"), connection=Connection("duckdb", {"path": str(bench.folder / "x.duckdb")}), store="y"
    )
    (fault,) = Python().check(bench.job(scoring.two, outputs=(bench.bound("a"), other)))
    assert "its outputs are in several Stores (warehouse, y), which share no transaction" in fault.line
    (fault,) = Python().check(replace(job, settings={**job.settings, "module": "none.py"}))
    assert fault.line == "module: none.py cannot be read: No such file or directory"


def test_no_secret_is_in_a_file_or_an_argument(bench: Bench) -> None:
    connection = Connection("postgres", {"host": "h", "database": "d", "user": "u"}, {"password": Secret("hunter2")})
    job = bench.job(scoring.by_table)
    job = replace(job, inputs=(replace(job.inputs[0], connection=connection),))
    workload = Python().render(job)
    assert "hunter2" not in json.dumps(workload.document)
    assert [each.reveal() for each in workload.secret_env.values()] == ["hunter2"]
