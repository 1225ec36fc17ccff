"""Programs in Python as Pulumi's users write them: outputs anywhere, any order, and clear errors."""

from __future__ import annotations

import re

from tests.scenarios.workspace import Workspace

WRONG = """\
import pulumi
from datakit_iac import Column, Connector, DataSet, Run, Store, Transform

Connector("duckdb", technology="dukdb", version="1.0")
warehouse = Store("warehouse", technology="duckdb", connection={"pth": "warehouse.duckdb"}, create=True)
other = Store("other", technology="duckdb", connection={"path": "other.duckdb"}, create=True)
ID = [Column(name="id", type="integer")]

def users(name, **more):
    return DataSet(name, table="raw.users", **more)

a = users("a", store="warehouse", schema=[Column(name="id", type="intger")])
b = users("b", stroe=other, schema=[{"name": "id", "typ": "integer"}], classification="Public")
sound = DataSet("sound", store=other, table="sound", schema=ID, opts=pulumi.ResourceOptions(depends_on=[a], parent=b))
load = Transform("load", runtime="cloudqury", inputs=["a"], outputs=[a])
ran = Run("load", transform=load, quotas={"concurrent_run": 2})
pulumi.export("rows", ran.counts)
pulumi.export("id", pulumi.Output.concat("x", a.urn))
"""


def test_all_that_is_wrong_in_a_program_is_told_at_once_and_nothing_is_touched(workspace: Workspace) -> None:
    workspace.write("__main__.py", WRONG)
    for failed in (workspace.preview().failed(), workspace.up("--skip-preview").failed()):
        told = failed.text.partition("Diagnostics:")[2]
        for line in (
            "__main__.py:4: Connector duckdb is invalid:",
            "version: '1.0' is not a semantic version; expected MAJOR.MINOR.PATCH",
            "technology: no technology 'dukdb' is installed: did you mean 'duckdb'?",
            "__main__.py:5: Store warehouse is invalid:",
            "connection.pth: duckdb has no option 'pth'; did you mean 'path'?",
            "__main__.py:10: DataSet a is invalid:",
            "store: expected a Store itself, as Store('warehouse', …) makes it; found the text 'warehouse'",
            "array<type>; did you mean 'integer'?",
            "__main__.py:10: DataSet b is invalid:",
            "stroe: unknown argument; did you mean 'store'?",
            "schema[0].typ: unknown property 'typ'; did you mean 'type'?",
            "classification: expected 'public', 'internal', 'confidential' or 'restricted'; did you mean 'public'?",
            "__main__.py:15: Transform load is invalid:",
            "inputs[0]: expected a DataSet itself, as DataSet('a', …) makes it; found the text 'a'",
            "runtime: no runtime 'cloudqury' is installed: did you mean 'cloudquery'?",
            "__main__.py:16: Run load is invalid:",
            "quotas.concurrent_run: unknown property 'concurrent_run'; did you mean 'concurrent_runs'?",
        ):
            assert told.count(line) == 1, (line, told)
        assert not re.search(r"Traceback|pydantic|datakit_iac/|never (retrieved|awaited)|DataSet sound", failed.text)
        assert failed.operations == {}
    assert not (workspace.root / "other.duckdb").exists()


LATER = """\
import pulumi
from pulumi import Output
from datakit_iac import Column, DataSet, Run, Store, Test, Transform

base = Store("base", technology="duckdb", connection={"path": "base.duckdb"}, create=True)
seed = DataSet("seed", store=base, table="seed", schema=[Column(name="id", type="integer")])

def later(value):
    return seed.generation.apply(lambda _: value)

path = later("warehouse.duckdb")
warehouse = Store("warehouse", technology="duckdb", connection={"path": path}, create=True)
inbox = Store("inbox", technology="files", connection=later({"path": "inbox"}))
users_csv = DataSet("users-csv", store=inbox, prefix=later("users.csv"), format="csv", external=True)
users = DataSet("users", store=warehouse, table=Output.concat("raw.", later("users")), schema=[
    {"name": "id", "type": "integer", "primary_key": True},
    Column(name="email", type="text", description=later("Where to write to."), tests=[Test(unique=later(True))]),
])
copies = DataSet("copies", store=later(warehouse), table="copies", schema=later([
    {"name": "id", "type": "integer"}, Column(name="email", type="text"),
]))
given = {"REGION": "eu", "TOKEN": Output.secret("hunter2-and-more"), "LATER": later("x")}
build = {"project": later("models")}
models = Transform("copy", runtime="dbt", inputs=[users], outputs=[copies], settings=build, env=given)
copied = Run("copy", transform=models)
sync = later("cloudquery")
load = Transform("load", runtime=sync, inputs=later([users_csv]), outputs=[users], env={"R": later("eu")})
loaded = Run("load", transform=later(load))
pulumi.export("rows", loaded.counts)
"""


NEW = """
new = DataSet("new", store=base, table="new", schema=[{"name": "id", "type": "integer"}])
"""


def laid(workspace: Workspace) -> Workspace:
    workspace.write("__main__.py", LATER)
    workspace.write("inbox/users.csv", "id,email\n1,ann@x.io\n2,bob@x.io\n")
    workspace.write("models/dbt_project.yml", "name: shop\nprofile: any\nmodels: {shop: {+materialized: table}}\n")
    workspace.write("models/models/copies.sql", "select id, email from {{ source('warehouse', 'users') }}\n")
    return workspace


def test_what_only_the_update_knows_is_told_by_a_preview_and_used_by_the_update(workspace: Workspace) -> None:
    laid(workspace)
    foreseen = workspace.preview().ok()
    for line in (
        "known after apply: connection.path",
        "known after apply: prefix, store.connection",
        "known after apply: schema[1].description, schema[1].tests[0].unique, store.connection, table",
        "known after apply: schema, store",
        "rows: [unknown]",
    ):
        assert line in foreseen.text, foreseen.text
    assert set(foreseen.operations.values()) == {"create"}
    assert not [*workspace.root.glob("*.duckdb")]

    done = workspace.up("--skip-preview").ok()
    assert done.operations == foreseen.operations
    assert workspace.rows("FROM copies ORDER BY id", "warehouse.duckdb") == [(1, "ann@x.io"), (2, "bob@x.io")]
    assert workspace.up().ok().operations == {}

    # The same in other forms is the same.
    workspace.replace("__main__.py", "return seed.generation.apply(lambda _: value)", "return value")
    assert workspace.preview().ok().operations == {}
    workspace.replace("__main__.py", "return value", "return waited(value)")
    workspace.replace("__main__.py", "def later", "async def waited(value):\n    return value\n\ndef later")
    assert workspace.preview().ok().operations == {}

    # What waits for a resource that is yet to come may change.
    workspace.replace("__main__.py", "return waited(value)", "return new.generation.apply(lambda _: value)")
    workspace.replace("__main__.py", "\nasync def", f"{NEW}\nasync def")
    assert "re-running: its definition may change" in workspace.preview().ok().text
    assert set(workspace.up("--skip-preview").ok().operations) == {"DataSet new"}


def test_a_wrong_value_that_only_the_update_knows_is_told_with_its_line(workspace: Workspace) -> None:
    laid(workspace)
    workspace.replace("__main__.py", '"email", type="text", description', '"email", type=later("txt"), description')
    workspace.replace("__main__.py", 'later("cloudquery")', 'later("cloudqury")')
    workspace.preview().ok()
    failed = workspace.up("--skip-preview").failed()
    assert "__main__.py:15: DataSet users is invalid:" in failed.text, failed.text
    assert "schema[1].type: 'txt' is not a type; expected one of" in failed.text
    assert not re.search(r"Traceback|pydantic|datakit_iac/|never (retrieved|awaited)", failed.text)
    assert "has a problem" not in failed.text  # once is enough
    assert "DataSet users" not in failed.operations


def test_runs_that_wait_for_each_other_are_told(workspace: Workspace) -> None:
    laid(workspace)
    workspace.replace("__main__.py", "inputs=later([users_csv])", "inputs=[users_csv, copies]")
    workspace.replace("__main__.py", "transform=later(load)", "transform=load")
    failed = workspace.preview().failed()
    assert re.search(r"Run \w+ is invalid:\s+waits for itself: (copy → load|load → copy) → ", failed.text)
