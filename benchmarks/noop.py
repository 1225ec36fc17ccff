"""A no-op `pulumi up` of 200 DataSets over one of 200 do-nothing resources of a do-nothing provider."""

from __future__ import annotations

import argparse
import tempfile
from functools import partial
from pathlib import Path

from benchmarks.measure import in_turn, record
from benchmarks.projects import engine, projects


def main() -> None:
    """Make both projects, apply them once, then time no-op updates of both in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resources", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sides = projects(Path(scratch), options.resources)
        for folder in sides.values():
            engine(folder, "up")
        spreads = in_turn({name: partial(engine, folder, "up") for name, folder in sides.items()}, options.runs)
    first, bare, same = (spread.median for spread in spreads.values())
    ratios = {"over do-nothing resources": first / bare, "over those with the same inputs": first / same}
    record("noop", spreads, ratios, ["pulumi", "datakit-iac"])


if __name__ == "__main__":
    main()
