"""A pipeline whose warehouse is an emulator of Snowflake, by its binding alone: loaded by CloudQuery, built by dbt."""

from __future__ import annotations

from pathlib import Path

from tests.cloudquery.stores import SnowflakeStore
from tests.scenarios.pipeline import FILES, RUNS
from tests.stories.workspace import InProcess

REVENUE = "SELECT name, total FROM mart.revenue ORDER BY 1"


def test_a_warehouse_on_snowflake_has_the_rows_of_one_in_duckdb(bare: InProcess, tmp_path: Path) -> None:
    store = SnowflakeStore(tmp_path)
    workspace = bare
    for path, text in FILES.items():
        workspace.write(f"project/{path}", text.replace("main.", "mart."))  # DuckDB, the emulator's, has a `main` too
    options = {name: value for name, value in store.connection.items() if name != "password"}
    binding = {"type": "snowflake", **options, "secrets": {"password": "${SHOP_PASSWORD}"}}
    named = "metadata: {name: dev}\n"
    workspace.replace("project/platform.yaml", named, f"{named}bindings: {{warehouse: {binding}}}\n")
    workspace.write(
        "project/snowflake.yaml",
        "apiVersion: datakit.infoblox.dev/v1alpha1\nkind: Connector\nmetadata: {name: snowflake}\n"
        "spec: {type: snowflake, version: '1.0.0', capabilities: [source, destination]}\n",
    )
    workspace.env["SHOP_PASSWORD"] = store.connection["password"]

    runs = {name: what for name, what in workspace.up().ok().operations.items() if name.startswith("Run ")}
    assert runs == RUNS
    assert store.sql(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
    assert workspace.up().ok().operations == {}

    workspace.write("project/inbox/orders.csv", "id,user_id,amount\n1,1,11\n3,2,7\n5,2,1\n")
    again = {name for name in workspace.up().ok().operations if name.startswith("Run ")}
    assert again == {"Run load-orders", "Run staging", "Run marts"}
    assert store.sql(REVENUE) == [("ann", 11.0), ("bob", 8.0)]
    left = [each for each in workspace.root.rglob("*") if each.is_file()]
    assert not [each for each in left if store.connection["password"].encode() in each.read_bytes()]
