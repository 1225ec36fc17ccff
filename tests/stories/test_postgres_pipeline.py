"""A pipeline whose warehouse is a Postgres server, by its binding alone: loaded by CloudQuery, built by dbt."""

from __future__ import annotations

from tests.cloudquery.stores import database
from tests.scenarios.pipeline import RUNS
from tests.scenarios.test_postgres_pipeline import REVENUE, bound, rows
from tests.stories.workspace import InProcess


def test_a_warehouse_on_postgres_has_the_rows_of_one_in_duckdb(pipeline: InProcess, bare: InProcess) -> None:
    connection = database()
    file, workspace = pipeline, bound(bare, connection)

    runs = {name: what for name, what in workspace.up().ok().operations.items() if name.startswith("Run ")}
    assert runs == RUNS
    file.up("--skip-preview").ok()
    assert rows(connection, REVENUE) == file.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
    assert workspace.up().ok().operations == {}

    for each in (workspace, file):
        each.write("project/inbox/orders.csv", "id,user_id,amount\n1,1,11\n3,2,7\n5,2,1\n")
    again = {name for name in workspace.up().ok().operations if name.startswith("Run ")}
    file.up("--skip-preview").ok()
    assert again == {"Run load-orders", "Run staging", "Run marts"}
    assert rows(connection, REVENUE) == file.rows(REVENUE) == [("ann", 11.0), ("bob", 8.0)]
    assert workspace.preview().ok().operations == {}
    left = [each for each in workspace.root.rglob("*") if each.is_file()]
    assert not [each for each in left if connection["password"].encode() in each.read_bytes()]
