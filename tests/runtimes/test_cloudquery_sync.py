"""Whole syncs: the real CLI, our plugins as processes, small files, and what is left after a fault."""

from __future__ import annotations

import gzip
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

import duckdb
import pytest

from datakit_iac.cloudquery_plugins.quarantine import COLUMNS as QUARANTINE
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalExecution, LocalProcesses
from datakit_iac.executors.protocol import Cancelled
from datakit_iac.executors.workload import Workload
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.models.process import ResourceAmounts, Resources
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import DataType
from datakit_iac.runtimes.cloudquery.runtime import CloudQuery, cli
from datakit_iac.runtimes.execution import run
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult
from datakit_iac.technologies.ownership import Attempt, Mark
from tests.cloudquery.stores import KINDS, DuckDBStore, PostgresStore, Store
from tests.command_lines import command_lines

pytestmark = pytest.mark.engine

COLUMNS = (
    Column(name="id", type=DataType.parse("integer"), primary_key=True),
    Column(name="v", type=DataType.parse("string")),
)

KEYLESS = tuple(column.model_copy(update={"primary_key": False}) for column in COLUMNS)


class Loud(LocalProcesses):
    """An Executor that shows each line, and the files of a workload, to a test first."""

    def __init__(self, folder: Path, on_line: Callable[[str], None]) -> None:
        super().__init__(folder)
        self._on_line = on_line

    def start(self, workload: Workload) -> LocalExecution:
        execution = super().start(workload)
        receive = execution.receive

        def aloud(timeout: float) -> str | None:
            if (line := receive(timeout)) is not None:
                self._on_line(line)
            return line

        execution.receive = aloud  # type: ignore[method-assign]
        return execution


@dataclass
class Bench:
    """A folder of files, a database of some kind, and a job between them."""

    folder: Path
    store: Store
    shown: list[str] = field(default_factory=list)

    @property
    def project(self) -> Path:
        return self.folder / "a project"

    @property
    def runs(self) -> Path:
        return self.project / ".datakit/runs"

    @property
    def destination(self) -> str:
        return f"datakit-destination-{self.warehouse.technology}"

    @property
    def warehouse(self) -> Connection:
        if isinstance(self.store, PostgresStore):
            options = {name: value for name, value in self.store.connection.items() if name != "password"}
            return Connection("postgres", options, {"password": Secret(self.store.connection["password"])})
        assert isinstance(self.store, DuckDBStore)
        return Connection("duckdb", {"path": str(self.store.path)})

    def write(self, *lines: str, name: str = "a.csv") -> None:
        (self.folder / name).write_text("id,v\n" + "".join(f"{line}\n" for line in lines))

    def job(self, **settings: Any) -> Job:
        files = Connection("files", {"path": str(self.folder), "nulls": ["NA"]})
        source = BoundDataSet("a-file", "files", files, Place(prefix="a.csv"))
        target = BoundDataSet("a", "warehouse", self.warehouse, Place(table="raw.a"), COLUMNS)
        return Job("load", "cloudquery", settings, (source,), (target,))

    def run(
        self, job: Job | None = None, on_line: Callable[[str], None] = lambda _: None, cancel: Event | None = None
    ) -> RunResult:
        executor = Loud(self.project, on_line)
        context = RunContext(executor, self.folder / "cache", self.shown.append, cancel or Event())
        return run(CloudQuery(), job or self.job(), context)

    def rows(self, table: str = "raw.a") -> list[Any]:
        return self.store.sql(f"SELECT id, v FROM {table} ORDER BY id, v")


ON_EACH = pytest.mark.parametrize("bench", ["duckdb", "postgres"], indirect=True)
"""For what a destination promises, whatever its database."""


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, KINDS[getattr(request, "param", "duckdb")](tmp_path))
    bench.project.mkdir()
    bench.write("1,x", "2,NA")
    yield bench
    assert not _family(str(tmp_path)), "processes were left behind"


@ON_EACH
def test_rows_and_types_arrive_and_are_counted(bench: Bench) -> None:
    modes = {}

    def look(line: str) -> None:
        modes.update({file.name: stat.S_IMODE(file.stat().st_mode) for file in bench.runs.glob("*/cloudquery.*")})

    outcome = bench.run(on_line=look)

    assert outcome == RunResult({"a": 2}, ())
    assert bench.rows() == [(1, "x"), (2, None)]
    assert "a 2 rows" in bench.shown
    assert modes["cloudquery.yaml"] == 0o600
    assert "cloudquery.log" in modes
    assert [*bench.runs.iterdir()] == []


@ON_EACH
def test_rows_of_postgres_arrive_and_its_password_is_nowhere(bench: Bench) -> None:
    shop = PostgresStore(bench.folder)
    shop.sql("CREATE SCHEMA crm; CREATE TABLE crm.users (id int, v text, more text)")
    shop.sql("INSERT INTO crm.users SELECT id, 'x' || id FROM generate_series(1, 120000) AS id")
    password = shop.connection["password"]
    options = {name: value for name, value in shop.connection.items() if name != "password"}
    connection = Connection("postgres", options, {"password": Secret(password)})
    job = bench.job()
    source = replace(job.inputs[0], name="users", connection=connection, place=Place(table="crm.users"))
    job = replace(job, inputs=(source,))
    seen = []

    def look(line: str) -> None:
        seen.append(line)
        seen.extend(each.read_text(errors="replace") for each in bench.runs.rglob("*") if each.is_file())

    with command_lines("datakit-source-postgres", password) as arguments:
        outcome = bench.run(job, on_line=look)

    assert outcome == RunResult({"a": 120_000}, ("crm.users: more not declared and left out",))
    assert bench.rows()[:2] == [(1, "x1"), (2, "x2")]
    assert any("datakit-source-postgres" in each for each in arguments)
    assert not any(password in each for each in (*arguments, *seen))
    shop.sql("DELETE FROM crm.users WHERE id > 5; UPDATE crm.users SET v = 'y' WHERE id = 5")
    assert bench.run(job).counts == {"a": 5}
    assert bench.rows() == [*((number, f"x{number}") for number in range(1, 5)), (5, "y")]


@ON_EACH
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("overwrite-delete-stale", [(2, "new"), (3, "y")]),
        ("overwrite", [(1, "x"), (2, "new"), (3, "y")]),
        ("append", [(1, "x"), (2, "new"), (2, None), (3, "y")]),
    ],
)
def test_a_second_sync_keeps_the_promise_of_its_write_mode(bench: Bench, mode: str, expected: list[Any]) -> None:
    job = bench.job(writeMode=mode)
    if mode == "append":
        job = replace(job, outputs=(replace(job.outputs[0], columns=KEYLESS),))
    bench.run(job)
    bench.write("2,new", "3,y")
    bench.run(job)

    assert bench.rows() == expected


@ON_EACH
def test_an_append_that_fails_its_tests_appends_nothing(bench: Bench) -> None:
    job = bench.job(writeMode="append")
    bench.run(job)
    bench.write("2,new", "3,y")

    with pytest.raises(JobFailedError) as failure:
        bench.run(job)

    assert failure.value.cause == "the outputs would have 1 breach of contract, so the tables are as they were"
    assert failure.value.lines == ("a: unique(id): 1 row",)
    assert bench.rows() == [(1, "x"), (2, None)]


MARK = Mark("shop/dev", "a", "1f")


def marked(bench: Bench, mark: Mark, *rows: str) -> None:
    """The table as the provider makes it, with rows that no source signed."""
    bench.store.sql("CREATE SCHEMA raw; CREATE TABLE raw.a (id INTEGER, v VARCHAR)")
    bench.store.sql(f"COMMENT ON TABLE raw.a IS '{mark.append_to('ours')}'")
    for row in rows:
        bench.store.sql(f"INSERT INTO raw.a VALUES {row}")


def attempts(bench: Bench) -> list[tuple[str, str, bool]]:
    description, mark = Mark.split(bench.store.comment("raw.a"))
    assert (description, mark is not None) == ("ours", True)
    return [(each.transform, each.run, each.is_verified) for each in mark.runs] if mark else []


def verified(bench: Bench) -> None:
    """What the provider does once the outputs are verified."""
    comment = bench.store.comment("raw.a") or ""
    bench.store.sql(f"COMMENT ON TABLE raw.a IS '{comment.replace('?', '')}'")


def appending(bench: Bench, run: str, transform: str = "load") -> Job:
    job = bench.job(writeMode="append")
    target = replace(job.outputs[0], columns=KEYLESS, writers=(transform,))
    return replace(job, transform=transform, outputs=(target,), identity=run)


@ON_EACH
@pytest.mark.parametrize("is_verified", [False, True])
@pytest.mark.parametrize("again", ["load", "load-all"])
def test_an_append_that_is_tried_again_appends_nothing_twice(bench: Bench, is_verified: bool, again: str) -> None:
    marked(bench, MARK)
    bench.run(appending(bench, "aa"))
    assert attempts(bench) == [("load", "aa", False)]
    if is_verified:
        verified(bench)
    bench.run(appending(bench, "aa", again))
    assert bench.rows() == [(1, "x"), (2, None)]


@pytest.mark.parametrize("mode", ["append", "overwrite", "overwrite-delete-stale"])
def test_a_retry_of_what_was_committed_and_ended_badly_loads_nothing_twice(bench: Bench, mode: str) -> None:
    class Unlucky(LocalProcesses):
        """Its first workload does all that it should, and then is said to have failed."""

        exit_codes = iter((1,))

        def start(self, workload: Workload) -> LocalExecution:
            execution, code = super().start(workload), next(self.exit_codes, 0)
            receive = execution.receive

            def unlucky(timeout: float) -> str | None:
                try:
                    return receive(timeout)
                except EOFError:
                    execution.exit_code = execution.exit_code or code
                    raise

            execution.receive = unlucky  # type: ignore[method-assign]
            return execution

    marked(bench, MARK)
    job = appending(bench, "aa")
    columns = KEYLESS if mode == "append" else COLUMNS
    job = replace(job, settings={"writeMode": mode}, outputs=(replace(job.outputs[0], columns=columns),), retries=1)
    context = RunContext(Unlucky(bench.project), bench.folder / "cache", bench.shown.append, Event())
    outcome = run(CloudQuery(), job, context)
    assert outcome.notes[0].startswith("attempt 1 failed: CloudQuery ended with exit code 1")
    assert any(each.endswith("retry 1 of 1 in 1 s") for each in bench.shown)
    assert (bench.rows(), attempts(bench)) == ([(1, "x"), (2, None)], [("load", "aa", False)])


def test_a_retry_loads_what_a_killed_destination_did_not(bench: Bench) -> None:
    bench.run()
    bench.write(*(f"{number},{'x' * 50}" for number in range(300_000)))
    killed: list[int] = []

    def kill(line: str) -> None:
        if not killed and '"datakit"' in line:
            for process in _family(str(bench.folder), "datakit-destination-duckdb"):
                killed.append(process)
                os.kill(process, signal.SIGKILL)

    outcome = bench.run(replace(bench.job(), retries=2), on_line=kill)
    assert (len(outcome.notes), outcome.counts) == (1, {"a": 300_000})
    assert killed
    assert len(bench.rows()) == 300_000


def test_a_sync_that_uses_more_memory_than_its_limit_leaves_the_tables_as_they_were(bench: Bench) -> None:
    bench.run()
    bench.write("3,y")
    enough, little = (Resources(limits=ResourceAmounts(memory=each)) for each in ("2Gi", "32Mi"))
    with pytest.raises(JobFailedError, match=r"used \d+ MiB of memory, and its `resources` limit it to 32Mi"):
        bench.run(replace(bench.job(), resources=little))
    assert bench.rows() == [(1, "x"), (2, None)]
    bench.run(replace(bench.job(), resources=enough))
    assert bench.rows() == [(3, "y")]


@ON_EACH
def test_what_was_appended_and_never_verified_goes_with_the_next_run(bench: Bench) -> None:
    marked(bench, MARK)
    bench.run(appending(bench, "aa"))
    verified(bench)
    bench.write("3,y")
    bench.run(appending(bench, "bb"))
    bench.write("4,z")
    bench.run(appending(bench, "cc"))
    assert bench.rows() == [(1, "x"), (2, None), (4, "z")]


@ON_EACH
def test_rows_of_sources_that_write_no_more_are_stale(bench: Bench) -> None:
    marked(bench, MARK)
    job = bench.job()
    both = replace(job.outputs[0], writers=("load", "other"))
    bench.run(replace(job, outputs=(both,), identity="aa"))
    bench.write("3,y")
    bench.run(replace(job, transform="other", outputs=(both,), identity="bb"))
    assert bench.rows() == [(1, "x"), (2, None), (3, "y")]
    only = replace(job.outputs[0], writers=("renamed",))
    bench.run(replace(job, transform="renamed", outputs=(only,), identity="cc"))
    assert (bench.rows(), attempts(bench)) == ([(3, "y")], [("renamed", "cc", False)])


@ON_EACH
@pytest.mark.parametrize(
    ("runs", "kept"),
    [((Attempt("marts", "2a"),), []), ((Attempt("-"),), []), ((), [(9, "by hand")])],
    ids=["of a tool that wrote it once", "of a tool that nobody knows", "of nobody"],
)
def test_rows_that_no_source_signed_are_stale_if_a_tool_wrote_them(
    bench: Bench, runs: tuple[Attempt, ...], kept: list[Any]
) -> None:
    marked(bench, replace(MARK, runs=runs), "(9, 'by hand')")
    job = bench.job()
    outcome = bench.run(replace(job, outputs=(replace(job.outputs[0], writers=("load",)),), identity="aa"))
    assert bench.rows() == [(1, "x"), (2, None), *kept]
    assert bool(outcome.notes) == bool(kept)


@ON_EACH
def test_a_former_writer_is_known_until_its_rows_are_gone(bench: Bench) -> None:
    marked(bench, replace(MARK, runs=(Attempt("marts", "2a"),)), "(9, 'by dbt')")
    bench.run(appending(bench, "aa"))
    assert bench.rows() == [(1, "x"), (2, None), (9, "by dbt")]
    assert [name for name, _, _ in attempts(bench)] == ["marts", "load"]
    verified(bench)
    job = bench.job()
    bench.run(replace(job, outputs=(replace(job.outputs[0], writers=("load",)),), identity="bb"))
    assert (bench.rows(), attempts(bench)) == ([(1, "x"), (2, None)], [("load", "bb", False)])


@ON_EACH
def test_a_view_gives_way_to_a_table(bench: Bench) -> None:
    bench.store.sql("CREATE SCHEMA raw; CREATE VIEW raw.a AS SELECT 1::INTEGER AS id, 'x' AS v")
    bench.store.sql(f"COMMENT ON VIEW raw.a IS '{MARK.append_to('ours')}'")
    bench.run(replace(bench.job(), identity="aa"))
    assert (bench.rows(), attempts(bench)) == ([(1, "x"), (2, None)], [("load", "aa", False)])


def test_a_table_is_the_same_in_whatever_case(bench: Bench) -> None:
    bench.store.sql("CREATE SCHEMA Raw; CREATE TABLE RAW.A (ID INTEGER, V VARCHAR)")
    bench.run()
    bench.run()
    assert bench.rows() == [(1, "x"), (2, None)]


@ON_EACH
def test_the_same_sync_twice_doubles_nothing_and_keeps_comments(bench: Bench) -> None:
    bench.store.sql("CREATE SCHEMA raw; CREATE TABLE raw.a (id INTEGER NOT NULL, v VARCHAR)")
    bench.store.sql("COMMENT ON TABLE raw.a IS 'ours'; COMMENT ON COLUMN raw.a.v IS 'a value'")

    assert [bench.run().counts for _ in range(2)] == [{"a": 2}, {"a": 2}]

    assert bench.rows() == [(1, "x"), (2, None)]
    assert bench.store.comment("raw.a") == "ours"


@ON_EACH
def test_several_tables_and_notes(bench: Bench) -> None:
    (bench.folder / "b.jsonl").write_text('{"id": 7, "v": "z", "w": 1}\n')
    job = bench.job()
    source = replace(job.inputs[0], name="b-file", place=Place(prefix="b.jsonl"))
    target = replace(job.outputs[0], name="b", place=Place(table="b"))
    pairs = [{"from": "a-file", "to": "a"}, {"from": "b-file", "to": "b"}]

    outcome = bench.run(
        replace(job, settings={"tables": pairs}, inputs=(*job.inputs, source), outputs=(*job.outputs, target))
    )

    assert outcome.counts == {"a": 2, "b": 1}
    assert outcome.notes == (f"b: 1 column of {bench.folder / 'b.jsonl'} not in the contract, left out: w",)
    assert bench.rows("b") == [(7, "z")]


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (["1,x", "one,y"], "a.csv, line 3, column id: 'one' is not an integer; fix the value or the type"),
        (["1,x", "NA,y"], "a.csv, line 3, column id: no value, but the contract requires one"),
        (["1,x", "1,y"], "the source sends 2 rows with the primary key id=1; fix the source"),
        (["1,x,3"], "a.csv, line 2: "),
    ],
)
def test_bad_input_fails_with_its_place_and_changes_nothing(bench: Bench, lines: list[str], cause: str) -> None:
    bench.run()
    bench.write(*lines)

    with pytest.raises(JobFailedError) as failure:
        bench.run()

    assert cause in failure.value.cause
    assert "Traceback" not in str(failure.value)
    assert bench.rows() == [(1, "x"), (2, None)]


@ON_EACH
def test_a_bad_value_far_behind_takes_back_the_rows_before_it(bench: Bench) -> None:
    bench.run()
    bench.write(*(f"{number},x" for number in range(200_000)), "bad,x")

    with pytest.raises(JobFailedError, match="line 200002, column id: 'bad' is not an integer"):
        bench.run()

    assert bench.rows() == [(1, "x"), (2, None)]


@ON_EACH
@pytest.mark.parametrize(
    ("victim", "moment"),
    [
        ("datakit-source-files", "Start fetching"),
        ("destination", "Start fetching"),
        ("destination", "progress"),
        ("cloudquery sync", "Start fetching"),
        ("cloudquery sync", "progress"),
    ],
)
def test_a_killed_process_leaves_the_table_as_it_was(bench: Bench, victim: str, moment: str) -> None:
    bench.run()
    bench.write(*(f"{number},y" for number in range(300_000)))

    def kill(line: str) -> None:
        if moment in line:
            for process in _family(str(bench.folder), victim.replace("destination", bench.destination)):
                os.kill(process, signal.SIGKILL)

    with pytest.raises(JobFailedError) as failure:
        bench.run(on_line=kill)

    assert str(failure.value)
    assert bench.rows() == [(1, "x"), (2, None)]
    assert bench.run().counts == {"a": 300_000}
    assert len(bench.rows()) == 300_000


@ON_EACH
def test_cancel_ends_all_processes_and_changes_nothing(bench: Bench) -> None:
    bench.run()
    bench.write(*(f"{number},y" for number in range(300_000)))
    cancel = threading.Event()

    def stop(line: str) -> None:
        if "Start fetching" in line:
            cancel.set()

    began = time.monotonic()
    with pytest.raises(Cancelled):
        bench.run(on_line=stop, cancel=cancel)

    assert time.monotonic() - began < 10
    assert not _family(str(bench.folder))
    assert bench.rows() == [(1, "x"), (2, None)]


def test_odd_texts_reach_the_plugin_as_they_are(bench: Bench) -> None:
    odd = bench.folder / 'it\'s ${HOME} "odd" \\ # $x'
    odd.mkdir()
    (odd / "a.csv").write_text("id,v\n3,z\n")
    job = bench.job()
    source = replace(job.inputs[0], connection=Connection("files", {"path": str(odd)}))

    bench.run(replace(job, inputs=(source,)))

    assert bench.rows() == [(3, "z")]


def _long(path: Path) -> None:
    path.write_bytes(b"id,v\n3,y\n4," + b"z" * 40_000_000 + b"\n")


def _cut(path: Path) -> None:
    path.write_text('id,v\n3,y\n4,"z\n')


def _bomb(path: Path) -> None:
    path.unlink()
    with gzip.open(path.with_name("a.csv.gz"), "wb") as packed:
        packed.write(b"id,v\n" + b"3,y\n" * (20 << 20))


@pytest.mark.parametrize(
    ("deliver", "message"),
    [(_long, "line 3: .*raise maxRecordSize"), (_cut, "line 3: a quote"), (_bomb, "maxUnpackedRatio")],
    ids=["a row that is too long", "a quote without an end", "a packed file"],
)
def test_a_file_that_is_not_read_whole_leaves_the_table_as_it_was(
    bench: Bench, deliver: Callable[[Path], None], message: str
) -> None:
    bench.run()
    deliver(bench.folder / "a.csv")
    job = bench.job()
    source = replace(job.inputs[0], place=Place(prefix="a.csv*"))

    with pytest.raises(JobFailedError, match=message):
        bench.run(replace(job, inputs=(source,)))

    assert bench.rows() == [(1, "x"), (2, None)]


def test_the_limits_of_a_store_reach_its_reader(bench: Bench) -> None:
    _long(bench.folder / "a.csv")
    job = bench.job()
    wide = Connection("files", {**job.inputs[0].connection.options, "maxRecordSize": "64Mi"})

    bench.run(replace(job, inputs=(replace(job.inputs[0], connection=wide),)))

    assert [(key, len(value)) for key, value in bench.rows()] == [(3, 1), (4, 40_000_000)]


def test_a_file_that_is_written_while_it_is_read_leaves_the_table_as_it_was(bench: Bench) -> None:
    """What was counted is not what is read."""
    bench.run()
    lines = [f"{number},{'v' * 100}" for number in range(400_000)]
    bench.write(*lines)

    ended = threading.Event()

    def write_on() -> None:
        with (bench.folder / "a.csv").open("a") as text:
            while not ended.wait(0.01):
                text.write("9999999,late\n")
                text.flush()

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        with pytest.raises(JobFailedError, match=r"a\.csv.*(was changed while it was read|were delivered)"):
            bench.run()
    finally:
        ended.set()
        writer.join()

    assert bench.rows() == [(1, "x"), (2, None)]


def test_a_sync_that_takes_too_long_is_stopped(bench: Bench) -> None:
    with pytest.raises(JobFailedError, match=r"did not end within 0\.1 s"):
        bench.run(replace(bench.job(), timeout=0.1))


def test_a_database_that_is_held_is_waited_for(bench: Bench) -> None:
    holder = duckdb.connect(bench.folder / "w.duckdb")

    def release(line: str) -> None:
        if "waiting for" in line:
            holder.close()

    assert bench.run(on_line=release).counts == {"a": 2}
    assert any("waiting for w.duckdb, held by process" in line for line in bench.shown)


def test_the_plugins_also_serve_a_cli_that_starts_them_itself(bench: Bench) -> None:
    beside = Path(sys.executable).parent
    spec = f"""
kind: source
spec: {{name: s, registry: local, path: {beside / "datakit-source-files"}, tables: ["*"], destinations: [d],
  spec: {{tables: [{{name: raw.a, path: {bench.folder / "a.csv"}, nulls: [NA]}}]}}}}
---
kind: destination
spec: {{name: d, registry: local, path: {beside / "datakit-destination-duckdb"}, write_mode: overwrite-delete-stale,
  spec: {{path: {bench.folder / "w.duckdb"}}}}}
"""
    (bench.folder / "spec.yaml").write_text(spec)

    done = subprocess.run(
        [str(cli()), "sync", "spec.yaml", "--telemetry-level", "none"],
        cwd=bench.folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert bench.rows() == [(1, "x"), (2, None)]


def _family(folder: str, program: str = "") -> list[int]:
    """Processes whose command line names the folder, and those they started; only those of one program, if given."""
    lines, parents = {}, {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            lines[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    family = {pid for pid, line in lines.items() if folder in line and pid != os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family and pid not in family}:
        family |= more
    return [pid for pid in family if not program or (program in lines[pid] and "launch.py" not in lines[pid])]


REJECTED = tuple(Column(name=name, type=DataType.parse(kind)) for name, kind in QUARANTINE.items())


def sifting(bench: Bench, mode: str, most: str | None = None) -> Job:
    """A job with a quarantine beside its output."""
    on_error = {"quarantine": "rejected", **({"max": most} if most else {})}
    job = bench.job(writeMode=mode, onError=on_error)
    (target,) = job.outputs
    target = replace(target, columns=KEYLESS if mode == "append" else COLUMNS, writers=("load",))
    rejected = replace(target, name="rejected", place=Place(table="raw.rejected"), columns=REJECTED)
    return replace(job, outputs=(target, rejected))


def rejected(bench: Bench) -> list[Any]:
    return bench.store.sql('SELECT line, "column", raw FROM raw.rejected ORDER BY 1, 2, 3')


@ON_EACH
@pytest.mark.parametrize(
    ("mode", "rows", "refused"),
    [
        ("overwrite-delete-stale", [(2, "b"), (3, "c")], [(3, "id", "bad,z")]),
        ("overwrite", [(1, "x"), (2, "b"), (3, "c")], [(3, "id", "bad,z")]),
        ("append", [(1, "x"), (2, "b"), (2, "y"), (3, "c")], [(3, "id", "bad,z"), (3, "id", "one,y"), (5, None, "4")]),
    ],
)
def test_what_does_not_fit_goes_into_quarantine_as_its_write_mode_says(
    bench: Bench, mode: str, rows: list[Any], refused: list[Any]
) -> None:
    job = sifting(bench, mode)
    bench.write("1,x", "one,y", "2,y", "4")
    first = bench.run(replace(job, identity="aa"))
    assert first.counts == {"a": 2, "rejected": 2}
    assert first.notes[0].startswith("raw.a: 2 of 4 records do not fit; the first: ")
    assert rejected(bench) == [(3, "id", "one,y"), (5, None, "4")]

    bench.write("2,b", "bad,z", "3,c")
    bench.run(replace(job, identity="bb"))

    assert (bench.rows(), rejected(bench)) == (rows, refused)


@pytest.mark.parametrize("mode", ["overwrite-delete-stale", "overwrite"])
def test_a_quarantine_is_empty_once_all_fits(bench: Bench, mode: str) -> None:
    job = sifting(bench, mode)
    bench.write("1,x", "one,y")
    bench.run(job)
    bench.write("1,x", "2,y")
    assert bench.run(job).counts == {"a": 2, "rejected": 0}
    assert rejected(bench) == []


@ON_EACH
def test_an_append_that_is_tried_again_puts_nothing_into_quarantine_twice(bench: Bench) -> None:
    marked(bench, MARK)
    bench.store.sql('CREATE TABLE raw.rejected (file TEXT, line BIGINT, "column" TEXT, reason TEXT, raw TEXT)')
    bench.store.sql(f"COMMENT ON TABLE raw.rejected IS '{MARK.append_to('ours')}'")
    job = replace(sifting(bench, "append"), identity="aa")
    bench.write("1,x", "one,y")
    bench.run(job)
    bench.run(job)
    assert (bench.rows(), rejected(bench)) == ([(1, "x")], [(3, "id", "one,y")])


@pytest.mark.parametrize("most", ["1", "49.9%"])
def test_more_than_may_be_in_quarantine_changes_nothing(bench: Bench, most: str) -> None:
    job = sifting(bench, "overwrite-delete-stale", most)
    bench.write("1,x", "2,y", "bad,z") if most == "1" else bench.write("1,x", "2,y", "3,z", "bad,z")
    bench.run(job)
    before = bench.rows(), rejected(bench)
    bench.write("1,new", "2,y", "one,z", "two,z")

    with pytest.raises(JobFailedError) as failure:
        bench.run(job)

    told = "\n".join((failure.value.cause, *failure.value.lines))
    for line, value in ((4, "one"), (5, "two")):
        assert f"a.csv, line {line}, column id: '{value}' is not an integer" in told
    assert (
        failure.value.lines[-1]
        == f"2 of 4 records do not fit, and at most {most} may go to raw.rejected: nothing is loaded"
    )
    assert (bench.rows(), rejected(bench)) == before


def test_a_load_that_breaks_its_contract_leaves_the_quarantine_as_it_was(bench: Bench) -> None:
    job = sifting(bench, "overwrite-delete-stale")
    bench.write("1,x", "one,y")
    bench.run(job)
    bench.write("1,x", "1,y", "bad,y")
    with pytest.raises(JobFailedError, match="2 rows with the primary key id=1"):
        bench.run(job)
    assert (bench.rows(), rejected(bench)) == ([(1, "x")], [(3, "id", "one,y")])


def test_a_dataset_says_how_its_file_is_read(bench: Bench) -> None:
    (bench.folder / "a.csv").write_bytes("Export\r\n# of today\r\nid;v\r\n1.000;é\r\n# end\r\n".encode("windows-1252"))
    job = bench.job()
    reader = {"encoding": "windows-1252", "skip": 1, "comment": "#", "thousands": ".", "decimal": ","}
    bench.run(replace(job, inputs=(replace(job.inputs[0], reader=reader),)))
    assert bench.rows() == [(1000, "é")]


def test_a_killed_load_leaves_its_quarantine_as_it_was(bench: Bench) -> None:
    job = sifting(bench, "overwrite-delete-stale")
    bench.write("1,x", "one,y")
    bench.run(job)
    bench.write(*(f"{'x' if number % 1000 == 7 else ''}{number},y" for number in range(300_000)))

    def kill(line: str) -> None:
        if "progress" in line:
            for process in _family(str(bench.folder), "datakit-destination-duckdb"):
                os.kill(process, signal.SIGKILL)

    with pytest.raises(JobFailedError):
        bench.run(job, on_line=kill)
    assert (bench.rows(), rejected(bench)) == ([(1, "x")], [(3, "id", "one,y")])
    assert bench.run(job).counts == {"a": 299_700, "rejected": 300}
