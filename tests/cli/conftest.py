"""`dk` called in this process, and a small project to call it on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.cli import main
from tests.manifest.writing import CONNECTOR, manifest, write


@dataclass(frozen=True)
class Called:
    """What one call printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


Dk = Callable[..., Called]


@pytest.fixture(autouse=True)
def _no_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether this checkout's policy pack is ready decides nothing here."""
    monkeypatch.setenv("DATAKIT_POLICY_PACK", "off")


STORE = manifest("Store", "warehouse", "spec: {connector: duckdb, connection: {path: warehouse.duckdb}}")
ENVIRONMENT = manifest("Environment", "dev", "spec: {versions: ranges}")


def dataset(name: str) -> str:
    return manifest("DataSet", name, f"spec: {{store: warehouse, table: {name.replace('-', '_')}}}")


def transform(name: str, reads: list[str], writes: list[str], *, runtime: str = "generic-python") -> str:
    inputs, outputs = (", ".join(f"{{dataset: {each}}}" for each in side) for side in (reads, writes))
    command = "command: [python, -m, load], " if runtime.startswith("generic-") else ""
    return manifest(
        "Transform", name, f"spec: {{runtime: {runtime}, {command}inputs: [{inputs}], outputs: [{outputs}]}}"
    )


@pytest.fixture
def dk(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Dk:
    """Calls `dk` in this process."""
    monkeypatch.delenv("DATAKIT_TRACEBACK", raising=False)

    def call(*words: str | Path) -> Called:
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return Called(code, printed.out, printed.err)

    return call


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in the usual folders, and the working directory: raw → load → users → report → summary."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, CONNECTOR, file="connector/duckdb.yaml")
    write(tmp_path, STORE, file="store/warehouse.yaml")
    write(tmp_path, ENVIRONMENT, file="environments/dev.yaml")
    for name in ("raw", "users", "summary", "notes"):
        write(tmp_path, dataset(name), file=f"dataset/{name}.yaml")
    write(tmp_path, transform("load", ["raw"], ["users"]), file="transforms/load/dk.yaml")
    write(tmp_path, transform("report", ["users"], ["summary"]), file="transforms/report/dk.yaml")
    return tmp_path
