"""What a user sees whose program gives one place to two resources."""

from __future__ import annotations

from tests.scenarios.workspace import Workspace

PROGRAM = """\
from datakit_iac import Column, DataSet, Store

warehouse = Store("warehouse", technology="duckdb", connection={"path": "warehouse.duckdb"}, create=True)


def declare(name, table, **more):
    DataSet(name, store=warehouse, table=table, schema=[Column(name="id", type="integer")], **more)


"""
SHARED = "people and users are in the same place, duckdb:warehouse.duckdb#public.users; "


def declared(workspace: Workspace, *declarations: str) -> None:
    workspace.write("__main__.py", PROGRAM + "\n".join(f"declare({each})" for each in declarations) + "\n")


def test_a_table_is_one_datasets_at_a_time(workspace: Workspace) -> None:
    users, people = "'users', 'public.users'", "'people', 'public.USERS'"
    declared(workspace, users)
    workspace.up("--skip-preview").ok()
    workspace.execute("INSERT INTO public.users VALUES (1)", "warehouse.duckdb")
    query = "SELECT comment, estimated_size FROM duckdb_tables()"
    before = workspace.rows(query, "warehouse.duckdb")

    declared(workspace, users, f"{people}, description='Mine.'")
    assert SHARED in workspace.preview().failed().text
    assert SHARED in workspace.up("--skip-preview").failed().text
    assert workspace.rows(query, "warehouse.duckdb") == before

    declared(workspace, f"{people}, previous_names=['users']")
    assert workspace.up().ok().operations == {"DataSet people": "update"}
    declared(workspace, "'people', 'public.people'")
    assert workspace.up().ok().operations["DataSet people"] == "delete", "of the one that is replaced"
    declared(workspace, "'people', 'public.people'", "'more', 'public.more'")
    workspace.up().ok()
    assert workspace.preview().ok().operations == {}
