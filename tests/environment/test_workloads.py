"""What the executor must be told before it can run a Transform, and what is told though nothing uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.environment.unused import unused
from datakit_iac.environment.workloads import incomplete
from datakit_iac.manifest.load import load
from tests.manifest.writing import CONNECTOR, DATASET, STORE, manifest, write


@pytest.mark.parametrize(
    ("executor", "transform", "missing"),
    [
        ("local", "runtime: generic-python", ["spec.command"]),
        ("local", "runtime: generic-go, image: load", ["spec.command"]),
        ("local", "runtime: generic-go, command: ./load", []),
        ("local", "runtime: cloudquery, mode: streaming", []),
        ("kubernetes", "runtime: generic-go, command: ./load", ["spec.image"]),
        ("kubernetes", "runtime: generic-go, image: load", []),
        ("kubernetes", "runtime: cloudquery, mode: streaming", ["spec.image"]),
        ("kubernetes", "runtime: cloudquery", []),
    ],
)
def test_each_executor_needs_what_it_runs(tmp_path: Path, executor: str, transform: str, missing: list[str]) -> None:
    load_users = manifest("Transform", "load", f"spec: {{{transform}, outputs: [{{dataset: users}}]}}")
    environment = manifest("Environment", "dev", f"spec: {{executor: {executor}}}")
    project = load(write(tmp_path, load_users, environment))
    assert [found.path for found in incomplete(project, project.environments["dev"])] == missing


def test_what_nothing_uses_is_told_and_what_says_nothing_is_not(tmp_path: Path) -> None:
    connector = CONNECTOR.replace(
        "spec: {", "spec: {plugin: {source: ./p}, tools: [], connectionSchema: [{field: path}], "
    )
    dataset = DATASET.replace("spec:", "spec:\n  dev: {seed: {inline: [{id: 1}]}}")
    fields = "image: load, replicas: 1, retries: 2, lineage: {}, env: [{name: A, value: b}]"
    transform = manifest("Transform", "load", f"spec: {{runtime: generic-go, outputs: [{{dataset: users}}], {fields}}}")
    found = list(unused(load(write(tmp_path, connector, STORE, dataset, transform))))
    assert {each.code for each in found} == {"not-used"}
    assert {each.severity for each in found} == {"warning"}
    assert [each.path.removeprefix("spec.") for each in found] == [
        "plugin",
        "dev",
        "retries",
        "image",
        "env",
        "lineage",
    ]
