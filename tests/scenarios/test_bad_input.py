"""Bad input is reported all at once, each fault with its file and line, before anything is touched."""

from __future__ import annotations

from tests.scenarios.workspace import Workspace


def test_all_faults_of_manifests_are_told_at_once(pipeline: Workspace) -> None:
    pipeline.replace("project/tables.yaml", "  table: raw.users", "  tabel: raw.users")
    pipeline.replace("project/tables.yaml", "{name: total, type: double}", "{name: total, type: dubble}")
    failed = pipeline.up().failed()
    for fault in (
        "project/tables.yaml:6:3: warning[unknown-field] spec.tabel",
        "did you mean 'table'?",
        "project/tables.yaml:41:27: error[invalid-value]",
    ):
        assert fault in failed.text
    assert "nothing was touched" in failed.text
    assert not (pipeline.project / "warehouse.duckdb").exists()
