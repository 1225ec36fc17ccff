"""What runs when something of a pipeline changes, and what does not."""

from __future__ import annotations

from tests.scenarios.test_pipeline_changes import REVENUE, runs
from tests.scenarios.workspace import Workspace

HEAD = "apiVersion: datakit.infoblox.dev/v1alpha1\nkind: DataSet\nmetadata: {name: paid}"


def test_an_output_that_stays_the_same_stops_the_chain(applied: Workspace) -> None:
    applied.replace("project/models/models/staging/paid.sql", "amount > 0", "amount >= 1")
    assert runs(applied.up("--skip-preview")) == {"staging"}


def test_a_changed_description_runs_nothing(applied: Workspace) -> None:
    applied.replace("project/tables.yaml", "description: Everybody.", "description: Everyone.")
    changed = applied.up("--skip-preview").ok()
    assert changed.operations == {"DataSet users": "update"}
    ((comment,),) = applied.rows("SELECT comment FROM duckdb_tables() WHERE table_name = 'users'")
    assert comment.startswith("Everyone.")


def test_a_changed_test_runs_again_and_nothing_is_loaded(applied: Workspace) -> None:
    stamp = "SELECT max(_cq_sync_time) FROM raw.users"
    loaded = applied.rows(stamp)
    applied.replace(
        "project/tables.yaml", "{name: name, type: string}\n---", "{name: name, type: string, tests: [unique]}\n---"
    )
    assert runs(applied.up("--skip-preview")) == {"load-users"}
    assert applied.rows(stamp) == loaded
    applied.replace("project/tables.yaml", "tests: [unique]", "tests: [{accepted_values: {values: [ann]}}]")
    refused = applied.up("--skip-preview").failed()
    assert "Transform load-users: the job ran, but its outputs have 1 breach of contract" in refused.text
    assert "users: accepted_values(name): 1 row" in refused.text


def test_a_new_column_is_added_and_filled(applied: Workspace) -> None:
    applied.write("project/inbox/users.csv", "id,name,age\n1,ann,31\n2,bob,42\n")
    applied.replace(
        "project/tables.yaml",
        "{name: name, type: string}\n---",
        "{name: name, type: string}\n    - {name: age, type: integer}\n---",
    )
    applied.up().ok()
    assert applied.rows("SELECT name, age FROM raw.users ORDER BY id") == [("ann", 31), ("bob", 42)]
    assert applied.up().ok().operations == {}


def test_a_dropped_column_names_who_reads_it(applied: Workspace) -> None:
    applied.replace(
        "project/tables.yaml",
        "    - {name: user_id, type: integer}\n    - {name: amount, type: double}\n---\n" + HEAD,
        "    - {name: user_id, type: integer}\n---\n" + HEAD,
    )
    refused = applied.up().failed()
    assert "orders: column amount is dropped: destructive, refused. Downstream: staging, marts." in refused.text
    assert applied.rows("SELECT count(amount) FROM raw.orders") == [(4,)]


def test_a_loaded_table_dropped_by_hand_is_filled_again(applied: Workspace) -> None:
    applied.execute("DROP TABLE raw.users")
    assert applied.refresh().ok().operations == {"DataSet users": "delete"}
    assert runs(applied.up("--skip-preview")) == {"load-users"}
    assert applied.rows("SELECT id, name FROM raw.users ORDER BY id") == [(1, "ann"), (2, "bob")]
    assert applied.up("--skip-preview").ok().operations == {}


def test_a_built_table_dropped_by_hand_is_built_again(applied: Workspace) -> None:
    applied.execute("DROP TABLE revenue")
    applied.refresh().ok()
    assert runs(applied.up("--skip-preview")) == {"marts"}
    assert applied.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]


def test_destroy_removes_jobs_and_keeps_data(applied: Workspace) -> None:
    applied.destroy().ok()
    assert applied.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
    applied.up("--skip-preview").ok()
    assert applied.rows("SELECT count(*) FROM raw.orders") == [(4,)]
    assert applied.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
