"""Bindings of a program over those of the manifests."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.environment.resolve import resolve
from datakit_iac.manifest.loading.loader import load
from datakit_iac.resources.bindings import PulumiValues
from tests.manifest.writing import CONNECTOR, STORE, manifest, write


@pytest.mark.parametrize(
    "written",
    [
        "bindings: {warehouse: {path: old.duckdb, create: true}}",
        "spec: {bindings: {warehouse: {path: old.duckdb, create: true}}}",
        "spec: {}",
    ],
)
def test_what_a_program_binds_comes_before_what_the_manifest_says_wherever_it_says_it(
    tmp_path: Path, written: str
) -> None:
    project = load(write(tmp_path, CONNECTOR, STORE, manifest("Environment", "dev", written)))

    bound, findings = PulumiValues({"warehouse": {"path": "/new.duckdb"}}).bind(project, "dev")

    store = resolve(bound, "dev", {}).stores["warehouse"]
    assert findings == []
    assert store.connection.options == {"path": "/new.duckdb"}
    assert store.create == (True if "create" in written else None)
