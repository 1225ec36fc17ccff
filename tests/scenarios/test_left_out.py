"""What a user sees who leaves a resource out of an update, and that the state stays sound."""

from __future__ import annotations

import pytest

from tests.scenarios.workspace import Workspace


@pytest.mark.parametrize("left_out", ["DataSet::users-csv", "Transform::load-users", "Store::inbox"])
def test_what_needs_a_resource_that_was_never_made_waits_for_it(pipeline: Workspace, left_out: str) -> None:
    foreseen = pipeline.preview("--exclude", f"**{left_out}").ok()
    assert "Run load-users" in foreseen.operations
    refused = pipeline.up("--skip-preview", "--exclude", f"**{left_out}").failed()
    assert "of what an update leaves out" in refused.text
    assert "please report it" not in refused.text
    assert "snapshot integrity" not in refused.text
    done = pipeline.up("--skip-preview").ok()
    assert {left_out.replace("::", " "), "Run load-users"} <= set(done.operations)
    assert pipeline.up("--skip-preview", "--exclude", f"**{left_out}").ok().operations == {}
