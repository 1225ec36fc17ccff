"""Checking a project for an environment, policies included, costs at most twice what reading it does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.manifest.writing import manifest, write

DK = Path(sys.executable).with_name("dk")
EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
HALF = 1000


def grow(root: Path) -> None:
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


def seconds(root: Path, *words: str) -> float:
    """The processor's time that a command takes, its whole process."""
    before = os.times()
    done = subprocess.run([DK, *words], cwd=root, capture_output=True, text=True, check=False)
    after = os.times()
    assert "error" not in done.stdout, done.stdout[:2000]
    return after.children_user + after.children_system - before.children_user - before.children_system


@pytest.mark.slow
def test_validating_two_thousand_manifests_costs_at_most_twice_linting_them(tmp_path: Path) -> None:
    grow(tmp_path)
    seconds(tmp_path, "lock")
    lint, validate = zip(
        *((seconds(tmp_path, "lint"), seconds(tmp_path, "validate", "--env", "prod")) for _ in range(3)), strict=True
    )
    assert min(validate) < 2 * min(lint), f"{min(validate):.2f} s over {min(lint):.2f} s"
