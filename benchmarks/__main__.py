"""All measurements: `python -m benchmarks [--runs N]` takes and prints them; `--table` prints the last ones."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from benchmarks.measure import RESULTS

MEASUREMENTS: Final = ("load", "up", "noop", "manifests", "postgres", "tables", "listing", "validate", "run", "history")
ONCE: Final = ("functions", "two_schedulers")
"""What is measured once, whatever `--runs` says."""


def main() -> None:
    """Take every measurement, one after the other, then print the table of their results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--table", action="store_true", help="measure nothing, print the table of the last results")
    options = parser.parse_args()
    if not options.table:
        for name in MEASUREMENTS:
            command = [sys.executable, "-m", f"benchmarks.{name}", "--runs", str(options.runs)]
            subprocess.run(command, check=True, stdout=sys.stderr)
        for name in ONCE:
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True, stdout=sys.stderr)
    print(table())


def table() -> str:
    """The last results as Markdown: what, the medians, the ratio and its target."""
    lines = ["| what | median | beside | ratio | target |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in _rows())])


def _rows() -> Iterator[tuple[str, ...]]:
    load, up, noop, manifests, postgres, tables, listing, validate, run, history = map(_result, MEASUREMENTS)
    speed = load["rows_per_second"]
    for other, name, ratio, target in (
        ("duckdb", "DuckDB's own `read_csv`", "cloudquery / duckdb", "at most 4 times its time"),
        ("dlt", "dlt", "cloudquery / dlt", "less than its time"),
    ):
        ours = f"{speed['cloudquery']:,} rows/s"
        beside = f"{name}: {speed[other]:,} rows/s"
        yield "flights.csv.zip into DuckDB by CloudQuery", ours, beside, f"{load['ratios'][ratio]:.2f}", target
    loaded, *others = postgres["medians"].values()
    names = ("a `COPY` of the file", "dlt")
    for name, other, ratio, target in zip(
        names, others, postgres["ratios"].values(), ("at most 2", "less than 1"), strict=True
    ):
        what = f"{postgres['rows']:,} rows of ten columns from a CSV file into Postgres by CloudQuery"
        yield what, f"{loaded:.1f} s", f"{name}: {other:.1f} s", f"{ratio:.2f}", target
    whole, sync, build, engine = up["medians"].values()
    without, _ = up["ratios"].values()
    beside = f"bare sync {sync:.1f} s + bare `dbt build` {build:.1f} s, and the engine's start {engine:.1f} s"
    yield "the whole `pulumi up` of flights, from nothing", f"{whole:.1f} s", beside, f"{without:.2f}", "at most 1.25"
    ours, *others = noop["medians"].values()
    names = ("200 do-nothing resources", "the same with a DataSet's inputs")
    for name, other, ratio, target in zip(names, others, noop["ratios"].values(), ("at most 1.15", ""), strict=True):
        yield "a no-op `pulumi up` of 200 DataSets", f"{ours:.1f} s", f"{name}: {other:.1f} s", f"{ratio:.2f}", target
    ours, script, bare = tables["medians"].values()
    (ratio,) = tables["ratios"].values()
    beside = f"the same statements in a script {script:.1f} s, and as many do-nothing resources {bare:.1f} s"
    yield "200 DataSets made in Postgres by one `up`", f"{ours:.1f} s", beside, f"{ratio:.2f}", "at most 1.3"
    version, plain = listing["medians"].values()
    what, beside = "the version of 10,000 objects in S3", f"boto3's listing: {plain:.1f} s"
    yield what, f"{version:.1f} s", beside, f"{version / plain:.2f}", "under 3 s"
    yield from _manifest_rows(manifests)
    checked, read = validate["medians"].values()
    (ratio,) = validate["ratios"].values()
    beside, of = f"`dk lint`: {read:.2f} s", "`dk validate --env prod` of 2,000 manifests, policies included"
    yield of, f"{checked:.2f} s", beside, f"{ratio:.2f}", "at most 2"
    yield from _run_rows(run)
    yield from _history_rows(history)
    yield from _once_rows(*map(_result, ONCE))


def _run_rows(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    ours, script, synced, sync = result["medians"].values()
    for what, took, by_hand, ratio in zip(
        ("a script that counts flights", "a sync of CloudQuery, of five files"),
        (ours, synced),
        (script, sync),
        result["ratios"].values(),
        strict=True,
    ):
        target = "at most 1.15, when 0.4 s are taken off"
        yield f"`dk run` of {what}", f"{took:.1f} s", f"by hand: {by_hand:.1f} s", f"{ratio:.2f}", target


def _history_rows(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    medians, ratios = [*result["medians"].values()], [*result["ratios"].values()]
    for number, words in enumerate(("runs list", "status")):
        full, empty = medians[2 * number : 2 * number + 2]
        took = f"{full:.2f} s ({result[f'processor seconds of dk {words}']:.2f} s of the processor)"
        yield f"`dk {words}` with 1,000,000 Runs", took, f"with none: {empty:.2f} s", f"{ratios[number]:.2f}", "0.3 s"
    took = f"{result['scheduler_percent']:.1f} % of a core, {result['scheduler_mb']:.0f} MB"
    late = f"a Run that is due begins after {result['seconds_late']:.1f} s"
    yield "an idle `dk scheduler` with 2,000 schedules", took, late, "", "under 2 %, 150 MB, 1 s"


def _once_rows(functions: dict[str, Any], schedulers: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    what = f"a function over {functions['rows']:,} rows, by a record-batch reader"
    reader, table = (functions[f"by_{name}: peak MB"] for name in ("reader", "table"))
    yield what, f"{reader:.0f} MB", f"by an Arrow table: {table:.0f} MB", f"{reader / table:.2f}", "under 600 MB"
    what = f"two schedulers for {schedulers['minutes']} minutes, {schedulers['transforms']} Transforms due each minute"
    yield what, f"{schedulers['runs']} Runs, {schedulers['faults']} doubled or left out", "", "", "none"


def _manifest_rows(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Of each size the shape that is worse for us, and what it takes of memory."""
    medians, ratios = result["medians"], result["ratios"]
    for name, command in (("lint", "`dk lint`"), ("show", "`dk pipeline show --output json`")):
        for size, target in (("2000", "1.9"), ("6000", "1.2")):
            worst = max((each for each in ratios if each.startswith(f"{name} {size}")), key=ratios.__getitem__)
            beside = f"CSafeLoader: {medians[worst.replace(name, 'CSafeLoader')]:.2f} s"
            what = f"{command} of {int(size):,} manifests"
            yield what, f"{medians[worst]:.2f} s", beside, f"{ratios[worst]:.2f}", f"at most {target}"
    text, show = medians["text 6000 independent"], medians["show 6000 independent"]
    ratio = f"{ratios['text 6000 independent over show']:.2f}"
    yield "drawing 3,000 Transforms as text", f"{text:.2f} s", f"as JSON: {show:.2f} s", ratio, "at most 1.5"
    yield "the most memory of any of these", f"{result['peak_megabytes']} MB", "", "", "under 200 MB"


def _result(name: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return result


if __name__ == "__main__":
    main()
