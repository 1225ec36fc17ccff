"""1,000 DataSets in one DuckDB file: made and read again, over the same of do-nothing resources."""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import in_turn, record
from benchmarks.projects import engine, projects


def main() -> None:
    """Time the first `up`, then refreshes, of both in turn; each `up` begins with nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        ours, _, alike = projects(Path(scratch), options.resources).items()
        sides = dict([ours, alike])
        made = {f"create {name}": partial(_created, folder) for name, folder in sides.items()}
        read = {f"refresh {name}": partial(engine, folder, "refresh") for name, folder in sides.items()}
        spreads = in_turn(made, options.runs) | in_turn(read, options.runs)
    create, bare_create, refresh, bare_refresh = (spread.median for spread in spreads.values())
    record("many", spreads, {"create": create / bare_create, "refresh": refresh / bare_refresh}, ["pulumi", "duckdb"])


def _created(folder: Path) -> float:
    engine(folder, "destroy")
    for file in (folder / "project").glob("warehouse.duckdb*"):
        file.unlink()
    return engine(folder, "up")


if __name__ == "__main__":
    main()
