"""A Store that one environment guards by approvals, and another would write to without."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.checks.unguarded import unguarded
from datakit_iac.findings.finding import Finding
from datakit_iac.manifest.loading.loader import load
from tests.cli.conftest import Dk, dk
from tests.manifest.writing import CONNECTOR, STORE, manifest, write

__all__ = ["dk"]  # a fixture

SOURCE = manifest("Connector", "files", "spec: {type: files, version: 2.1.0, capabilities: [source]}")
LAKE = manifest("Store", "lake", "spec: {connector: files, connection: {path: lake}}")
SCRATCH = manifest("Store", "scratch", "spec: {connector: duckdb, connection: {path: scratch.duckdb}}")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lake").mkdir()


def environment(name: str, approval: str, bindings: str) -> str:
    return manifest("Environment", name, f"spec: {{approval: {approval}}}\nbindings: {{{bindings}}}")


def found(folder: Path, *documents: str) -> list[Finding]:
    return [*unguarded(load(write(folder, CONNECTOR, STORE, *documents)))]


PROD = environment("prod", "multi-party", "warehouse: {path: data/prod.duckdb}")


@pytest.mark.parametrize(
    "path", ["data/prod.duckdb", "./data/../data/prod.duckdb", "link/prod.duckdb", "{here}/data/prod.duckdb"]
)
def test_what_lies_where_a_guarded_store_lies_is_an_error_however_it_is_spelled(tmp_path: Path, path: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    write(
        tmp_path,
        environment("dev", "auto-merge", f"warehouse: {{path: {path.format(here=tmp_path)}}}"),
        file="models/odd.yaml",
    )
    (each,) = found(tmp_path, PROD)
    assert (each.code, each.file, each.path) == ("unguarded-store", "models/odd.yaml", "bindings.warehouse")
    assert each.message == (
        "Environment dev asks for no approvals and may write to Store warehouse, where Store warehouse of prod "
        "is, which asks for 2: duckdb:data/prod.duckdb"
    )


def test_another_store_there_is_one_too(tmp_path: Path) -> None:
    dev = environment("dev", "auto-merge", "scratch: {path: data/prod.duckdb}, warehouse: {path: dev.duckdb}")
    (each,) = found(tmp_path, SCRATCH, dev, PROD.replace("}}", "}, scratch: {path: data/scratch.duckdb}}"))
    assert each.path == "bindings.scratch"


def test_what_neither_of_them_binds_is_one_too(tmp_path: Path) -> None:
    (each,) = found(tmp_path, environment("dev", "auto-merge", ""), environment("prod", "team", ""))
    assert (each.path, "which asks for 1" in each.message) == ("spec.connection", True)


def test_fewer_approvals_are_too_few(tmp_path: Path) -> None:
    (each,) = found(tmp_path, PROD, environment("stage", "team", "warehouse: {path: data/prod.duckdb}"))
    assert "stage asks for 1 approval and may" in each.message


@pytest.mark.parametrize(
    "others",
    [
        (environment("dev", "auto-merge", "warehouse: {path: data/dev.duckdb}"),),
        (environment("blue", "multi-party", "warehouse: {path: data/prod.duckdb}"),),
        (),
    ],
)
def test_each_in_its_own_place_is_fine(tmp_path: Path, others: tuple[str, ...]) -> None:
    assert found(tmp_path, PROD, *others) == []


def test_what_is_only_read_may_be_read_by_all(tmp_path: Path) -> None:
    dev = environment("dev", "auto-merge", "warehouse: {path: data/dev.duckdb}, lake: {path: lake}")
    assert found(tmp_path, SOURCE, LAKE, dev, PROD) == []


@pytest.mark.parametrize("command", [("lint",), ("validate", "--env", "dev"), ("validate", "--env", "prod")])
def test_every_check_finds_it(tmp_path: Path, dk: Dk, command: tuple[str, ...]) -> None:
    write(tmp_path, CONNECTOR, STORE, PROD, environment("dev", "auto-merge", "warehouse: {path: data/prod.duckdb}"))
    said = dk(*command)
    assert said.code == 1
    assert said.err.count("error[unguarded-store]") + said.out.count("error[unguarded-store]") == 1
