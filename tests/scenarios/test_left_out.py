"""What a user sees who leaves a resource out of an update, and that the state stays sound."""

from __future__ import annotations

import duckdb
import pytest

from tests.scenarios.workspace import Workspace

PROGRAM = """\
    import pulumi
    from datakit_iac import Column, DataSet, Store

    store = Store("warehouse", technology="duckdb", connection={"path": "warehouse.duckdb"}, create=True)
    raw = DataSet("raw", store=store, table="raw", schema=[Column(name="id", type="integer")])
    pulumi.export("version", raw.version)
    """


LEFT_OUT = ("DataSet::users-csv", "Transform::load-users", "Store::inbox")


def test_what_needs_a_resource_that_was_never_made_waits_for_it(
    pipeline: Workspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for left_out in LEFT_OUT:
        copy = pipeline.copied(tmp_path_factory.mktemp("left-out") / "copy")
        refused = copy.up("--skip-preview", "--exclude", f"**{left_out}").failed()
        assert "of what an update leaves out" in refused.text
        assert "please report it" not in refused.text
        assert "snapshot integrity" not in refused.text
    assert "Run load-users" in copy.preview("--exclude", f"**{left_out}").ok().operations
    done = copy.up("--skip-preview").ok()
    assert {left_out.replace("::", " "), "Run load-users"} <= set(done.operations)
    assert copy.up("--skip-preview", "--exclude", f"**{left_out}").ok().operations == {}


def test_the_version_of_a_table_that_is_not_there_yet_is_unknown_in_a_preview(workspace: Workspace) -> None:
    workspace.write("__main__.py", PROGRAM)
    assert "version: [unknown]" in workspace.preview().ok().text
    assert "version: " in workspace.up("--skip-preview").ok().text
    with duckdb.connect(workspace.root / "warehouse.duckdb"):  # so that the preview cannot ask
        assert workspace.preview().ok().operations == {}
