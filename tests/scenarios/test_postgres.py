"""A pipeline whose warehouse is a Postgres server, by its binding alone: loaded by CloudQuery, built by dbt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datakit_iac.technologies.postgres.opening import connected
from tests.cloudquery.stores import database
from tests.scenarios.pipeline import FILES, RUNS
from tests.scenarios.workspace import Workspace

REVENUE = "SELECT name, total FROM main.revenue ORDER BY 1"


def bound(root: Path, connection: dict[str, Any]) -> Workspace:
    """The project of `pipeline.py`, its warehouse bound to a database of a server."""
    made = Workspace(root)
    for path, text in FILES.items():
        made.write(f"project/{path}", text)
    options = {name: value for name, value in connection.items() if name != "password"}
    binding = {"type": "postgres", **options, "secrets": {"password": "${SHOP_PASSWORD}"}}
    connector = "spec: {type: postgres, version: '1.0.0', capabilities: [source, destination]}"
    named = "metadata: {name: dev}\n"
    made.replace("project/platform.yaml", named, f"{named}bindings: {{warehouse: {binding}}}\n")
    made.write(
        "project/postgres.yaml",
        f"apiVersion: datakit.infoblox.dev/v1alpha1\nkind: Connector\nmetadata: {{name: postgres}}\n{connector}\n",
    )
    made.env["SHOP_PASSWORD"] = connection["password"]
    return made


def rows(connection: dict[str, Any], query: str) -> list[Any]:
    with connected(connection) as server:
        return server.execute(query).fetchall()


def test_a_warehouse_on_postgres_has_the_rows_of_one_in_duckdb(tmp_path: Path) -> None:
    connection = database()
    workspace = bound(tmp_path / "postgres", connection)
    file = Workspace(tmp_path / "duckdb")
    for path, text in FILES.items():
        file.write(f"project/{path}", text)

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
