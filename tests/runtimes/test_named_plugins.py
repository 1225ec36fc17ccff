"""Plugins that Connectors name: the real CLI with a plugin that others wrote, on either side and on both."""

from __future__ import annotations

import contextlib
import json
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import grpc
import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.models.plugin import NamedPlugin, Plugin
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType
from datakit_iac.runtimes.cloudquery.runtime import CloudQuery
from datakit_iac.runtimes.execution import run
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult
from datakit_iac.technologies.ownership import Mark
from tests.cloudquery import plugin_of_others
from tests.cloudquery.stores import PostgresStore
from tests.runtimes.test_cloudquery_sync import Loud, _family
from tests.servers.server import free_port

COLUMNS = (
    Column(name="id", type=DataType.parse("integer"), primary_key=True),
    Column(name="v", type=DataType.parse("string")),
)


@dataclass
class Bench:
    """A folder of files, a database with the tables of a project, and a plugin of others."""

    folder: Path
    store: PostgresStore
    program: Path
    shown: list[str] = field(default_factory=list)

    @property
    def runs(self) -> Path:
        return self.folder / ".datakit/runs"

    @property
    def warehouse(self) -> Connection:
        options = {name: value for name, value in self.store.connection.items() if name != "password"}
        return Connection("postgres", options, {"password": Secret(self.store.connection["password"])})

    def write(self, *lines: str, name: str = "a.csv") -> None:
        (self.folder / name).write_text("id,v\n" + "".join(f"{line}\n" for line in lines))

    def table(self, name: str, store: str = "warehouse", **more: Any) -> BoundDataSet:
        return BoundDataSet(name.rpartition(".")[2], store, self.warehouse, Place(table=name), COLUMNS, **more)

    def file(self, name: str = "a.csv") -> BoundDataSet:
        return BoundDataSet("a-file", "inbox", Connection("files", {"path": str(self.folder)}), Place(prefix=name))

    def named(self, **more: Any) -> NamedPlugin:
        return NamedPlugin(registry="local", path=str(self.program), **more)

    def job(self, source: BoundDataSet, target: BoundDataSet, plugins: dict[str, Plugin], **settings: Any) -> Job:
        return Job("load", "cloudquery", settings, (source,), (target,), plugins=plugins)

    def written(self, **settings: Any) -> Job:
        """A file into a table, by a plugin of others."""
        return self.job(self.file(), self.table("raw.a"), {"warehouse": Plugin(destination=self.named())}, **settings)

    def run(self, job: Job, on_line: Callable[[str], None] = lambda _: None) -> RunResult:
        context = RunContext(Loud(self.folder, on_line), self.folder / "cache", self.shown.append, Event())
        return run(CloudQuery(), job, context)

    def rows(self, table: str = "raw.a") -> list[Any]:
        return self.store.sql(f"SELECT id, v FROM {table} ORDER BY id, v")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    program = tmp_path / "plugin of others"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{plugin_of_others.__file__}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    store = PostgresStore(tmp_path)
    store.sql("CREATE SCHEMA raw; CREATE TABLE raw.a (id integer PRIMARY KEY, v text)")
    made = Bench(tmp_path, store, program)
    made.write("1,x", "2,y")
    return made


@pytest.mark.engine
def test_a_destination_that_is_named_writes_and_its_rows_are_counted(bench: Bench) -> None:
    assert bench.run(bench.written()) == RunResult({"a": 2})
    bench.write("2,z", "3,w")
    assert bench.run(bench.written(writeMode="overwrite")) == RunResult({"a": 2})
    assert bench.rows() == [(1, "x"), (2, "z"), (3, "w")]
    assert bench.run(bench.written()) == RunResult({"a": 2})
    assert bench.rows() == [(2, "z"), (3, "w")]


@pytest.mark.engine
def test_a_source_that_is_named_fills_the_outputs_and_its_secrets_are_nowhere(bench: Bench) -> None:
    bench.store.sql("CREATE SCHEMA crm; CREATE TABLE crm.users (id int, v text, more text)")
    bench.store.sql("INSERT INTO crm.users SELECT id, 'x' || id, 'm' FROM generate_series(1, 9) AS id")
    told = bench.named(spec={"extra": "{{ user }}:{{ password }}", "port": "{{ port }}"})
    job = bench.job(bench.table("crm.users", "crm"), bench.table("raw.a"), {"crm": Plugin(source=told)})
    password = bench.store.connection["password"]
    seen = []

    def look(line: str) -> None:
        for process in _family(str(bench.folder)):
            with contextlib.suppress(OSError):
                seen.append(Path(f"/proc/{process}/cmdline").read_text())
        seen.extend(each.read_text(errors="replace") for each in bench.runs.rglob("*") if each.is_file())

    outcome = bench.run(job, look)

    assert outcome == RunResult({"a": 9}, ("raw.a: columns that the contract leaves out: more",))
    assert bench.rows()[:2] == [(1, "x1"), (2, "x2")]
    assert bench.store.sql("SELECT DISTINCT _cq_source_name FROM raw.a") == [("load",)]
    rendered = json.dumps(CloudQuery().render(job).document)  # whatever was missed of the processes and their files
    assert '\\"port\\": ' in rendered
    assert not any(password in each for each in [rendered, *seen, *bench.shown])
    bench.store.sql("ALTER TABLE crm.users DROP COLUMN v")
    with pytest.raises(JobFailedError, match=r"crm.users of the source has no column v; it has id, more"):
        bench.run(job)
    assert len(bench.rows()) == 9, "the rows of before are kept"


@pytest.mark.engine
def test_both_sides_may_be_named_and_an_append_to_ours_is_never_doubled(bench: Bench) -> None:
    bench.store.sql("CREATE SCHEMA crm; CREATE TABLE crm.a (id integer, v text); INSERT INTO crm.a VALUES (1, 'x')")
    source = replace(bench.table("a", "crm"), connection=_in_schema(bench.warehouse, "crm"))
    with _served() as address:
        reads = Plugin(source=NamedPlugin(registry="grpc", path=address))
        plugins = {"crm": reads, "warehouse": Plugin(destination=bench.named())}
        assert bench.run(bench.job(source, bench.table("raw.a"), plugins)).counts == {"a": 1}
    assert bench.rows() == [(1, "x")]

    bench.store.sql("CREATE TABLE raw.b (id integer, v text)")
    target = replace(bench.table("raw.b"), columns=tuple(_keyless(each) for each in COLUMNS))
    appends = bench.job(source, target, {"crm": Plugin(source=bench.named())}, writeMode="append")
    # The mark is what tells the attempts of one Run; the provider writes it.
    bench.store.sql(f"COMMENT ON TABLE raw.b IS '{Mark('dev', 'b', '1f').append_to('')}'")
    for _ in range(2):
        assert bench.run(replace(appends, identity="17")).counts == {"b": 1}
    assert bench.rows("raw.b") == [(1, "x")]


@pytest.mark.engine
def test_rows_that_would_be_wrong_fail_the_run_and_say_no_secret(bench: Bench) -> None:
    job = bench.written()
    bench.store.sql("INSERT INTO raw.a VALUES (7, 'of others')")
    with pytest.raises(JobFailedError, match="rows of others are left beside those that were written: 1 in a"):
        bench.run(job)
    bench.store.sql("DELETE FROM raw.a")

    bench.write("1,x", "1,y")
    with pytest.raises(JobFailedError, match=r"the source sent 2 rows, and 1 of them are in a"):
        bench.run(job)

    named = bench.named(spec={"batch_size": 1})
    job = replace(job, plugins={"warehouse": Plugin(destination=named)})
    bench.write("1,x", "2,y")
    with pytest.raises(JobFailedError) as failed:
        bench.run(job)
    assert "2 rows are more than a batch" in str(failed.value)
    assert bench.store.connection["password"] not in str(failed.value)


HUB = NamedPlugin(registry="cloudquery", path="cloudquery/postgresql", version="v8.7.2")
POSTGRES = Connection("postgres", {"host": "db", "database": "w"}, {"password": Secret("p@ss")})
FILE = BoundDataSet("a-file", "inbox", Connection("files", {"path": "."}), Place(prefix="a.csv"))
TABLE = BoundDataSet("a", "warehouse", POSTGRES, Place(table="raw.a"), COLUMNS)
DESTINATION = {"warehouse": Plugin(destination=HUB)}


def _job(target: BoundDataSet = TABLE, source: BoundDataSet = FILE, **more: Any) -> Job:
    return Job("load", "cloudquery", more.pop("settings", {}), (source,), (target,), **{"plugins": DESTINATION, **more})


def _kafka(place: Place) -> BoundDataSet:
    return BoundDataSet("a", "warehouse", Connection("kafka", {"brokers": ["b:9092"]}), place, COLUMNS)


@pytest.mark.parametrize(
    ("job", "fault"),
    [
        (_job(settings={"writeMode": "append"}), "would write rows twice where a Run is tried again"),
        (_job(replace(TABLE, writers=("load", "other"))), "a is written by load and other"),
        (_job(_kafka(Place(topic="a"))), "in a Store of kafka only the plugin of datakit itself"),
        (
            _job(plugins={"inbox": Plugin(source=HUB)}),
            "its DataSet must have a `table`, the plugin's own name of it",
        ),
        (
            _job(plugins={"warehouse": Plugin(destination=HUB.model_copy(update={"spec": {"x": "{{ hots }}"}}))}),
            "{{ hots }} is not a field of the connection; it has port, schema, sslmode, connectTimeout",
        ),
        (
            _job(plugins={"warehouse": Plugin(destination=NamedPlugin(registry="local", path="./none"))}),
            "plugin.destination: ./none is not a program that can be run here",
        ),
        (
            _job(replace(TABLE, connection=Connection("duckdb", {"path": "w.duckdb"}))),
            "the table raw.a of a is not in the schema main",
        ),
        (
            _job(
                source=replace(TABLE, name="users", store="crm", place=Place(table="users")),
                plugins={"crm": Plugin(source=HUB), **DESTINATION},
            ),
            "calls its table users, and so would the destination, where a is raw.a",
        ),
    ],
)
def test_what_a_named_plugin_cannot_do_is_refused(
    job: Job, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id,v\n")
    found = [str(each) for each in CloudQuery().check(job)]
    assert [fault in each for each in found].count(True) == 1, found


def test_a_plugin_of_the_hub_is_rendered_without_secrets_and_what_it_does_not_keep_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("id,v\n")
    job = _job()

    assert CloudQuery().check(job) == []
    workload = CloudQuery().render(job)
    _, destination = (json.loads(each) for each in workload.files["cloudquery.yaml"].split("\n---\n"))
    assert destination["spec"] == {
        "name": "destination",
        "registry": "cloudquery",
        "path": "cloudquery/postgresql",
        "version": "v8.7.2",
        "write_mode": "overwrite-delete-stale",
        "migrate_mode": "safe",
        "spec": {"connection_string": "${DATAKIT_VALUE_0}"},
    }
    hidden = workload.secret_env["DATAKIT_VALUE_0"].reveal()
    assert hidden == "postgresql://:p%40ss@db:5432/w?options=-csearch_path%3Draw"
    assert "p@ss" not in str(workload.document)
    assert "p%40ss" not in str(workload.document)
    assert "CLOUDQUERY_API_KEY" in workload.inherits
    assert "--no-log-file" in workload.argv
    assert "the plugin cloudquery/postgresql:v8.7.2 cannot be seen before it runs" in CloudQuery().unseen(job)[0]
    (promise,) = CloudQuery().unkept(job)
    assert promise.startswith("a: written by the plugin cloudquery/postgresql:v8.7.2, which commits rows as they come")
    asks = HUB.model_copy(update={"spec": {"password": "{{ password }}"}})
    unsaid = replace(TABLE, connection=replace(POSTGRES, secrets={}))  # as a project is checked
    early = _job(unsaid, plugins={"warehouse": Plugin(destination=asks)})
    assert CloudQuery().check(early) == []
    with pytest.raises(ValueError, match="the Store does not say password"):
        CloudQuery().render(early)
    other = HUB.model_copy(update={"version": "v8.7.3"})
    again = replace(job, plugins={"warehouse": Plugin(destination=other)})
    definitions = {CloudQuery().definition(each) for each in (job, again)}
    assert len(definitions) == 1, "a definition is without versions of tools"
    assert CloudQuery().definition(replace(job, plugins={})) not in definitions


@contextlib.contextmanager
def _served() -> Iterator[str]:
    """The address of a plugin of others that is a server."""
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, plugin_of_others.__file__, "serve", "--network", "tcp", "--address", address]
    with subprocess.Popen(command) as process:
        try:
            grpc.channel_ready_future(grpc.insecure_channel(address)).result(timeout=60)
            yield address
        finally:
            process.terminate()


def _keyless(column: Column) -> Column:
    return column.model_copy(update={"primary_key": False})


def _in_schema(connection: Connection, schema: str) -> Connection:
    return replace(connection, options={**connection.options, "schema": schema})
