"""Checking a project for an environment, policies included, beside reading it alone: 2,000 manifests.

    python -m benchmarks.validate [--runs 5]

`dk validate --env prod` and `dk lint` in turn, each a process of its own, of which the processor's time is taken. The
target is twice the time of `dk lint`. The results are also kept as JSON in benchmarks/results/.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measure import in_turn, record
from tests.manifest.writing import manifest, write

DK: Final = Path(sys.executable).with_name("dk")
EXAMPLE: Final = Path(__file__).parents[1] / "examples" / "flights"
HALF: Final = 1000


def main() -> None:
    """Write the project, time both commands in turn, and record medians and their ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        _grow(root)
        _seconds(root, "lock")
        sides = {
            "validate": partial(_seconds, root, "validate", "--env", "prod"),
            "lint": partial(_seconds, root, "lint"),
        }
        for side in sides.values():
            side()  # the first round warms the file cache and leaves bytecode behind
        spreads = in_turn(sides, options.runs)
    ratio = spreads["validate"].median / spreads["lint"].median
    record("validate", spreads, {"validate / lint": ratio}, ["pyyaml", "pydantic", "datakit-iac"])


def _grow(root: Path) -> None:
    """A project of 2,000 manifests, half Transforms, half DataSets, which keeps the example's policies."""
    for kind, name, spec in (
        ("Connector", "duckdb", "{type: duckdb, version: 1.4.2, capabilities: [source, destination]}"),
        ("Connector", "files", "{type: files, version: 1.0.0, capabilities: [source]}"),
        ("Store", "warehouse", "{connector: duckdb, connectorVersion: 1.4.2, connection: {path: w.duckdb}}"),
        ("Store", "inbox", "{connector: files, connectorVersion: 1.0.0, connection: {path: inbox}}"),
        ("Environment", "prod", "{versions: exact, connectors: [{name: duckdb}, {name: files}]}"),
    ):
        write(root, manifest(kind, name, f"spec: {spec}"), file=f"{kind.lower()}/{name}.yaml")
    columns = "schema: [{name: id, type: bigint, pii: false}, {name: email, type: text, pii: true}]"
    raw = f"spec: {{store: inbox, prefix: raw.csv, owner: data-team, {columns}}}"
    write(root, manifest("DataSet", "raw", raw), file="dataset/raw.yaml")
    write(root, "id,email\n", file="inbox/raw.csv")
    for policy in (EXAMPLE / "policies").iterdir():
        write(root, policy.read_text(), file=f"policies/{policy.name}")
    for index in range(HALF):
        told = "tier: gold, description: D., classification: internal, owner: data-team, tests: [{row_count: {min: 1}}]"
        columns = (
            "schema: [{name: id, type: bigint, pii: false, description: I., from: raw.id}, "
            "{name: email, type: text, pii: true, description: E., from: raw.email}]"
        )
        spec = f"spec: {{store: warehouse, table: t{index}, {told}, {columns}}}"
        write(root, manifest("DataSet", f"d{index}", spec), file=f"dataset/d{index}.yaml")
        spec = f"spec: {{runtime: cloudquery, inputs: [{{dataset: raw}}], outputs: [{{dataset: d{index}}}]}}"
        write(root, manifest("Transform", f"t{index}", spec), file=f"transforms/t{index}.yaml")


def _seconds(root: Path, *words: str) -> float:
    """The processor's time that a command takes, its whole process."""
    before = os.times()
    done = subprocess.run([DK, *words], cwd=root, capture_output=True, text=True, check=False)
    after = os.times()
    if "error" in done.stdout:
        raise SystemExit(f"dk {' '.join(words)} failed:\n{done.stdout[:2000]}{done.stderr}")
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()
