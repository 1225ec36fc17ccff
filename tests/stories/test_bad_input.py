"""Bad input is reported all at once, each fault with its file and line, before anything is touched."""

from __future__ import annotations

import pytest

from tests.scenarios.workspace import Workspace


def test_all_faults_of_references_are_told_at_once(pipeline: Workspace) -> None:
    pipeline.replace("project/transforms.yaml", "inputs: [{dataset: users-csv}]", "inputs: [{dataset: user-csv}]")
    pipeline.replace("project/platform.yaml", "path: warehouse.duckdb}", "path: 7}")
    pipeline.replace(
        "project/platform.yaml",
        "connection: {path: inbox}}",
        "connection: {path: nowhere}, secrets: {token: '${DATAKIT_TEST_UNSET}'}}",
    )
    failed = pipeline.up().failed()
    for fault in (
        "project/transforms.yaml:6:22: error[unknown-dataset] spec.inputs[0].dataset",
        "did you mean 'users-csv'?",
        "project/platform.yaml:14:",
        "project/platform.yaml:19:",
        "takes its secret token from ${DATAKIT_TEST_UNSET}, which is not set",
    ):
        assert fault in failed.text, failed.text
    assert not (pipeline.project / "warehouse.duckdb").exists()


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("sources.yaml", "prefix: users.csv", "prefix: users.cvs", "users.cvs"),
        ("transforms.yaml", "select: [staging]", "select: [stagging]", "staging"),
        ("platform.yaml", "metadata: {name: dev}", "metadata: {name: prod}", "unknown Environment 'dev'"),
    ],
)
def test_a_fault_is_told_before_anything_is_touched(
    pipeline: Workspace, path: str, old: str, new: str, told: str
) -> None:
    pipeline.replace(f"project/{path}", old, new)
    assert told in pipeline.up().failed().text
    assert not (pipeline.project / "warehouse.duckdb").exists()
