"""How much memory a function takes that streams: 5,000,000 rows of DuckDB, by a record-batch reader.

    python -m benchmarks.functions [--rows 5000000]

The function's own process, as the Runtime `python` starts it, reads one table and writes another of the same file; its
peak is the kernel's (`ru_maxrss`). Beside it the same rows by an Arrow table, which holds all of them. The results are
also kept as JSON in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks.measure import Spread, record
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runtimes.python.runtime import Python

TARGET_MB = 600
MODULE = """\
import pyarrow as pa
import pyarrow.compute as pc

from datakit_iac import RecordBatchReader, Table, transform


@transform(inputs={"users": "users"}, outputs={"scores": "scores"})
def by_reader(users: RecordBatchReader):
    for batch in users:
        yield pa.record_batch({"id": batch["id"], "score": pc.multiply(batch["points"], 2.0), "name": batch["name"]})


@transform(inputs={"users": "users"}, outputs={"scores": "scores"})
def by_table(users: Table):
    return pa.table({"id": users["id"], "score": pc.multiply(users["points"], 2.0), "name": users["name"]})
"""
COLUMNS = (Column(name="id", type="bigint", primary_key=True), Column(name="points", type="double"))
NAME = Column(name="name", type="string")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="datakit-functions-") as folder:
        found = {name: _measured(Path(folder), name, rows) for name in ("by_reader", "by_table")}
    for name, (seconds, peak) in found.items():
        print(f"{name}: {rows:,} rows in {seconds:.1f} s, at most {peak:,.0f} MB")
    seconds, peak = found["by_reader"]
    print(f"by_reader: {'kept' if peak < TARGET_MB else 'MISSED'}: under {TARGET_MB} MB")
    spreads = {name: Spread([seconds]) for name, (seconds, _) in found.items()}
    peaks = {f"{name}: peak MB": peak for name, (_, peak) in found.items()}
    record("functions", spreads, {}, ["duckdb", "pyarrow"], {"rows": rows, **peaks})
    sys.exit(peak >= TARGET_MB)


def _measured(folder: Path, function: str, rows: int) -> tuple[float, float]:
    """Seconds and megabytes of one run."""
    file, home = folder / f"{function}.duckdb", folder / function
    with duckdb.connect(file) as database:
        database.execute(
            "CREATE TABLE users AS SELECT range AS id, range / 7.0 AS points, 'user ' || range AS name"
            f" FROM range({rows})"
        )
    (home / "transforms").mkdir(parents=True)
    (home / "transforms/scoring.py").write_text(MODULE)
    warehouse = Connection("duckdb", {"path": str(file)})
    users = BoundDataSet("users", "warehouse", warehouse, Place(table="users"), (*COLUMNS, NAME))
    score = Column(name="score", type="double")
    scores = BoundDataSet("scores", "warehouse", warehouse, Place(table="scores"), (COLUMNS[0], score, NAME))
    settings = {
        "module": str(home / "transforms/scoring.py"),
        "function": function,
        "parameters": {"users": "users"},
        "returns": {"scores": "scores"},
    }
    workload = Python().render(Job(function, "python", settings, (users,), (scores,), identity="1f"))
    for path, text in workload.files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    begun = time.perf_counter()
    process = subprocess.Popen(workload.expanded(home), env={**os.environ, **workload.env}, stdout=subprocess.PIPE)
    assert process.stdout is not None, "it is a pipe"
    said = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(said)
    written = [json.loads(line)["datakit"]["rows"] for line in said.splitlines() if '"result"' in line]
    assert written == [rows], said
    return seconds, usage.ru_maxrss / 1000


if __name__ == "__main__":
    main()
