"""What a user sees who takes over what is there already: the printed declaration, pasted, changes nothing."""

from __future__ import annotations

import json

from tests.scenarios.workspace import Outcome, Workspace

PROGRAM = """\
from datakit_iac import Column, Connector, DataSet, Run, Store, Transform

warehouse = Store("warehouse", technology="duckdb", connection={"path": "warehouse.duckdb"}, create=True)
"""
TABLE = """\
CREATE SCHEMA raw;
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE raw.users (
    id INTEGER PRIMARY KEY, email VARCHAR NOT NULL, amount DECIMAL(10, 2), a VARCHAR[], b DOUBLE, c HUGEINT, d UUID,
    e BLOB, f JSON, g TIMESTAMP, h TIMESTAMPTZ, i DATE, j TIME, k INTERVAL, l STRUCT(a INTEGER, b VARCHAR),
    m MAP(VARCHAR, INTEGER), n mood, o UTINYINT, p BIT, "We ird" INTEGER, q INTEGER[3], r UBIGINT, s BOOLEAN,
    t TIMESTAMP_NS
);
COMMENT ON TABLE raw.users IS 'Every"body ${x} %{y} é\n\\n 😀';
COMMENT ON COLUMN raw.users.email IS 'C:\\new';
INSERT INTO raw.users (id, email) VALUES (1, 'a');
"""
IDS = {
    "warehouse": "duckdb:warehouse.duckdb",
    "inbox": "files:inbox",
    "people": "duckdb:warehouse.duckdb#raw.users",
    "users-csv": "files:inbox#users.csv",
}
MANY = """\
import pulumi
from datakit_iac import Column, Connector, DataSet, Run, Store, Transform


class Team(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("my:index:Team", "team")
        self.register_outputs({})


team = Team()
inside = pulumi.ResourceOptions(parent=team)
inbox = Store("inbox", technology="files", connection={"path": "inbox"})
warehouse = Store("warehouse", technology="duckdb", connection={"path": "warehouse.duckdb"}, opts=inside)
raw = DataSet("users-csv", store=inbox, prefix="users.csv", external=True)
people = DataSet("people", store=warehouse, table="raw.users", schema=[Column(name="id", type="integer")], opts=inside)
load = Transform("load", runtime="cloudquery", inputs=[raw], outputs=[people])
Run("load", transform=load)
"""


def declared(imported: Outcome) -> str:
    """The Python that an import printed."""
    return imported.text[imported.text.index("import pulumi\n") :]


def test_a_table_that_is_imported_is_declared_as_it_is(workspace: Workspace) -> None:
    workspace.write("__main__.py", PROGRAM)
    workspace.up("--skip-preview").ok()
    workspace.execute(TABLE, "warehouse.duckdb")
    table = "SELECT comment, column_count FROM duckdb_tables()"
    before = workspace.rows(table, "warehouse.duckdb")

    done = workspace.run("import", "datakit:index:DataSet", "people", IDS["people"], "--yes", "--stack", "dev").ok()
    workspace.write("__main__.py", PROGRAM + declared(done))
    assert 'Column(name="amount", type="decimal(10,2)"),' in declared(done)
    assert workspace.preview().ok().operations == {}
    assert workspace.up("--skip-preview").ok().operations == {}
    assert workspace.rows(table, "warehouse.duckdb") == before
    assert "protect" in workspace.destroy().failed().text

    again = ("import", "datakit:index:Connector", "duckdb", "duckdb", "--yes", "--stack", "dev")
    assert "a Connector is only recorded in the state, so there is nothing to import" in workspace.run(*again).text


def test_what_a_preview_lists_is_imported_by_its_file(workspace: Workspace) -> None:
    workspace.write("__main__.py", MANY)
    workspace.write("inbox/users.csv", "id\n1\n")
    workspace.execute("CREATE SCHEMA raw; CREATE TABLE raw.users (id INTEGER)", "warehouse.duckdb")
    assert "raw.users is there already" in workspace.preview().failed().text

    listed = workspace.root / "import.json"
    assert "raw.users is there already" in workspace.preview("--import-file", str(listed)).ok().text
    asked = json.loads(listed.read_text())
    told = {each["name"] for each in asked["resources"]}
    assert told == {"team", *IDS, "load", "loadRun"}
    asked["resources"] = [each for each in asked["resources"] if not each["name"].startswith("load")]
    for each in asked["resources"]:
        if not each.get("component"):
            each["id"] = IDS[each["name"]]
    listed.write_text(json.dumps(asked))
    done = workspace.run("import", "--file", str(listed), "--yes", "--protect=false", "--stack", "dev").ok()

    team, stores = MANY.partition("inbox =")[0], declared(done).partition("\n\n")[2]
    workspace.write("__main__.py", f"{team}\n{stores}")
    assert workspace.preview().ok().operations == {}
    workspace.write("__main__.py", MANY)
    assert workspace.up("--skip-preview").ok().operations == {
        "DataSet users-csv": "update",  # it says that it is only read
        "Transform load": "create",
        "Run load": "create",
    }
    assert workspace.rows("SELECT id FROM raw.users", "warehouse.duckdb") == [(1,)]
    assert workspace.preview().ok().operations == {}
