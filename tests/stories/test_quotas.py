"""Quotas that only a running update can hold."""

from __future__ import annotations

from tests.scenarios.test_pipeline_changes import runs
from tests.scenarios.workspace import Workspace


def test_full_stores_refuse_runs_until_there_is_room_and_another_quota_runs_nothing(pipeline: Workspace) -> None:
    dev = "metadata: {name: dev}\n"
    pipeline.replace("project/platform.yaml", dev, f"{dev}spec: {{quotas: {{storage: 1Ki, concurrentRuns: 1}}}}\n")
    refused = pipeline.up("--skip-preview").failed()
    assert "the Stores of dev hold" in refused.text
    assert "of 1Ki (warehouse " in refused.text
    assert pipeline.rows("SELECT count(*) FROM raw.users") == [(0,)]
    pipeline.replace("project/platform.yaml", "storage: 1Ki", "storage: 1Gi")
    assert runs(pipeline.up("--skip-preview")) == {"load-users", "load-orders", "staging", "marts"}
    pipeline.replace("project/platform.yaml", "concurrentRuns: 1", "concurrentRuns: 2")
    assert pipeline.up("--skip-preview").ok().operations == {}
