"""A Connector's connectionSchema in one environment: defaults hold, and faults stand where they were made."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.environment.model import ResolvedProject
from datakit_iac.environment.resolve import resolve
from datakit_iac.manifest.loading.loader import load
from tests.manifest.writing import manifest, write

FILES = manifest(
    "Connector",
    "files",
    "spec: {type: files, capabilities: [source], connectionSchema: "
    "[{field: path}, {field: delimiter, type: string, default: ';'}]}",
)
ENVIRONMENT = manifest("Environment", "dev", "")


def examined(folder: Path, connection: str, environment: str = ENVIRONMENT) -> ResolvedProject:
    store = manifest("Store", "lake", f"spec: {{connector: files, connection: {connection}}}")
    return resolve(load(write(folder, FILES, store, environment)), "dev", {})


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_a_store_leaves_out_is_as_its_connector_says(tmp_path: Path) -> None:
    resolved = examined(tmp_path, "{path: .}")
    assert resolved.stores["lake"].connection.options == {"path": ".", "delimiter": ";"}
    assert resolved.findings == ()


def test_what_a_store_says_takes_precedence(tmp_path: Path) -> None:
    assert examined(tmp_path, "{path: ., delimiter: ','}").stores["lake"].connection.options["delimiter"] == ","


@pytest.mark.parametrize(
    ("connection", "binding", "path"),
    [
        ("{path: ., header: true}", "", "spec.connection.header"),
        ("{path: .}", "bindings: {lake: {header: true}}", "bindings.lake.header"),
        ("{}", "", "spec.connection"),
    ],
)
def test_each_fault_is_told_once_and_where_it_was_made(
    tmp_path: Path, connection: str, binding: str, path: str
) -> None:
    resolved = examined(tmp_path, connection, manifest("Environment", "dev", binding))
    assert [found.path for found in resolved.findings] == [path]
    assert resolved.stores == {}


def test_defaults_are_not_those_of_another_technology(tmp_path: Path) -> None:
    environment = manifest("Environment", "dev", "bindings: {lake: {type: duckdb, path: lake.duckdb}}")
    assert examined(tmp_path, "{path: .}", environment).stores["lake"].connection.options == {"path": "lake.duckdb"}
