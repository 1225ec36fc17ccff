"""After every change the rows are right, and the next `up` is empty."""

from __future__ import annotations

from tests.scenarios.pipeline import API
from tests.scenarios.test_pipeline_changes import REVENUE, runs
from tests.scenarios.workspace import Workspace

USERS = "SELECT id, name FROM raw.users ORDER BY ALL"
TABLES = "project/tables.yaml"
TRANSFORMS = "project/transforms.yaml"


def settled(workspace: Workspace) -> None:
    assert workspace.up("--skip-preview").ok().operations == {}


def test_a_renamed_transform_doubles_nothing(applied: Workspace) -> None:
    applied.replace(TRANSFORMS, "{name: load-users}", "{name: load-people}")
    assert runs(applied.up("--skip-preview")) == {"load-users", "load-people"}
    assert applied.rows(USERS) == [(1, "ann"), (2, "bob")]
    settled(applied)


def test_a_renamed_transform_that_is_taken_back_after_a_failure_loads_again(applied: Workspace) -> None:
    # The engine deletes nothing in an update that fails: the Run of the old name is still recorded as done.
    applied.replace(TRANSFORMS, "{name: load-users}", "{name: load-people}")
    applied.write("project/inbox/users.csv", "id,name\n1,ann\n")
    applied.replace("project/models/models/marts/revenue.sql", "select name", "select nickname as name")
    applied.up("--skip-preview").failed()
    assert applied.rows(USERS) == [(1, "ann")]
    applied.replace(TRANSFORMS, "{name: load-people}", "{name: load-users}")
    applied.write("project/inbox/users.csv", "id,name\n1,ann\n2,bob\n")
    applied.replace("project/models/models/marts/revenue.sql", "select nickname as name", "select name")
    applied.up("--skip-preview").ok()
    assert applied.rows(USERS) == [(1, "ann"), (2, "bob")]
    assert applied.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
    settled(applied)


def test_a_dataset_that_dbt_made_and_cloudquery_makes_now_holds_only_the_rows_of_the_file(applied: Workspace) -> None:
    applied.write("project/inbox/paid.csv", "user_id,amount\n1,3\n")
    applied.replace(
        TRANSFORMS,
        "  runtime: dbt\n  inputs: [{dataset: orders}]\n  outputs: [{dataset: paid}]\n"
        "  dbt: {project: models, select: [staging]}\n",
        "  runtime: cloudquery\n  inputs: [{dataset: paid-csv}]\n  outputs: [{dataset: paid}]\n",
    )
    applied.write(
        "project/paid.yaml",
        f"{API}kind: DataSet\nmetadata: {{name: paid-csv}}\nspec: {{store: inbox, prefix: paid.csv, format: csv}}\n",
    )
    applied.up("--skip-preview").ok()
    assert applied.rows("SELECT user_id, amount FROM paid") == [(1, 3.0)]
    assert applied.rows(REVENUE) == [("ann", 3.0)]
    settled(applied)


def test_a_renamed_dataset_keeps_its_table_and_runs_nothing_twice(applied: Workspace) -> None:
    applied.replace(TABLES, "metadata: {name: users}\nspec:\n", "metadata: {name: people}\nspec:\n")
    for old, new in (
        ("outputs: [{dataset: users}]", "outputs: [{dataset: people}]"),
        ("{dataset: users}, {", "{dataset: people}, {"),
    ):
        applied.replace(TRANSFORMS, old, new)
    applied.replace("project/models/models/marts/revenue.sql", "'users'", "'people'")
    refused = applied.preview().failed()
    assert "raw.users is there already and holds the rows of DataSet users" in refused.text
    assert "say so: `previousNames: [users]`" in refused.text
    applied.replace(
        TABLES, "metadata: {name: people}\nspec:\n", "metadata: {name: people}\nspec:\n  previousNames: [users]\n"
    )
    renamed = applied.up("--skip-preview").ok()
    assert renamed.operations["DataSet people"] == "update"
    assert "DataSet users" not in renamed.operations
    assert applied.rows(USERS) == [(1, "ann"), (2, "bob")]
    settled(applied)


def test_a_replaced_dataset_keeps_its_rows(applied: Workspace) -> None:
    applied.replace(
        "project/platform.yaml",
        "kind: Environment\nmetadata: {name: dev}\n",
        "kind: Environment\nmetadata: {name: dev}\nspec: {deletion: delete}\n",
    )
    applied.up("--skip-preview").ok()
    urn = "urn:pulumi:dev::shop::datakit:index:Platform$datakit:index:DataSet::users"
    applied.up("--skip-preview", "--replace", urn).ok()
    assert applied.rows(USERS) == [(1, "ann"), (2, "bob")]
    assert applied.rows("SELECT count(*) FROM duckdb_tables() WHERE contains(table_name, '__trash_')") == [(0,)]
    settled(applied)


def test_another_spelling_of_a_stores_path_keeps_its_rows(applied: Workspace) -> None:
    applied.replace(
        "project/platform.yaml",
        "kind: Environment\nmetadata: {name: dev}\n",
        "kind: Environment\nmetadata: {name: dev}\nspec: {deletion: delete}\n",
    )
    applied.up("--skip-preview").ok()
    (applied.root / "link.duckdb").symlink_to("project/warehouse.duckdb")
    applied.replace("project/platform.yaml", "{path: warehouse.duckdb}", f"{{path: {applied.root}/link.duckdb}}")
    moved = applied.up("--skip-preview").ok()
    assert not any(each in moved.operations.values() for each in ("replace", "create-replacement", "delete"))
    assert applied.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
    settled(applied)


def test_a_wider_type_upstream_runs_the_readers(applied: Workspace) -> None:
    applied.replace(TABLES, ID + NAME, ID.replace("integer", "bigint") + NAME)
    assert runs(applied.up("--skip-preview")) == {"load-users", "marts"}
    settled(applied)


ID, NAME = "    - {name: id, type: integer, primaryKey: true}\n", "    - {name: name, type: string}\n"
PAID = f"{API}kind: DataSet\nmetadata: {{name: paid}}\n"


def test_another_order_of_columns_or_spelling_of_a_table_runs_nothing(applied: Workspace) -> None:
    applied.replace(TABLES, ID + NAME, NAME + ID)
    applied.replace(TABLES, "table: raw.users", "table: RAW.Users")
    applied.replace(TABLES, "table: main.paid", "table: paid")
    assert runs(applied.up("--skip-preview")) == set()


def test_what_a_relationship_names_comes_first_and_is_tested_again_when_it_changes(pipeline: Workspace) -> None:
    # Alphabetically and by its inputs the table of orders would come first.
    pipeline.replace(
        TABLES,
        "{name: user_id, type: integer}\n    - {name: amount, type: double}\n---\n" + PAID,
        "{name: user_id, type: integer, tests: [{relationships: {to: users, field: id}}]}\n"
        "    - {name: amount, type: double}\n---\n" + PAID,
    )
    pipeline.up("--skip-preview").ok()
    pipeline.write("project/inbox/users.csv", "id,name\n1,ann\n")
    failed = pipeline.up("--skip-preview").failed()
    assert "orders: relationships(user_id): 2 rows" in failed.text
    pipeline.write("project/inbox/users.csv", "id,name\n1,ann\n2,bob\n")
    pipeline.up("--skip-preview").ok()
    settled(pipeline)


def test_a_failed_run_is_not_forgotten_by_a_refresh(applied: Workspace) -> None:
    applied.write("project/inbox/users.csv", "id,name\none,ann\n")
    applied.up("--skip-preview").failed()
    applied.refresh().ok()
    again = applied.up("--skip-preview").failed()
    assert "'one' is not an integer" in again.text
    applied.write("project/inbox/users.csv", "id,name\n1,ann\n2,rob\n")
    applied.up("--refresh").ok()
    assert applied.rows(REVENUE) == [("ann", 15.0), ("rob", 7.0)]
    settled(applied)


def test_a_view_changes_with_its_model_and_becomes_a_loaded_table(applied: Workspace) -> None:
    applied.replace("project/models/dbt_project.yml", "+materialized: table", "+materialized: view")
    applied.up("--skip-preview").ok()
    applied.replace(
        "project/models/models/staging/paid.sql", "select user_id, amount", "select user_id, amount, id as order_id"
    )
    applied.replace(
        TABLES,
        PAID + "spec:\n  store: warehouse\n  table: main.paid\n  schema:\n",
        PAID + "spec:\n  store: warehouse\n  table: main.paid\n  schema:\n    - {name: order_id, type: integer}\n",
    )
    plan = applied.preview().ok()
    assert "column order_id of paid is added" in plan.text
    applied.up("--skip-preview").ok()
    assert applied.rows("SELECT order_id, user_id FROM paid ORDER BY 1") == [(1, 1), (2, 1), (3, 2)]
    settled(applied)


def test_an_external_table_is_held_to_its_contract(applied: Workspace) -> None:
    applied.execute("CREATE TABLE theirs (id INTEGER, name VARCHAR)", "project/theirs.duckdb")
    applied.write("project/theirs.yaml", THEIRS)
    applied.up("--skip-preview").ok()
    applied.execute("ALTER TABLE theirs ALTER id TYPE BIGINT", "project/theirs.duckdb")
    applied.replace("project/theirs.yaml", "description: Theirs", "description: Theirs too")
    assert "source theirs: theirs is not as declared: column id is bigint; the contract says integer" in (
        applied.preview().failed().text
    )
    applied.execute("ALTER TABLE theirs DROP id", "project/theirs.duckdb")
    assert "column id is missing" in applied.up("--skip-preview").failed().text


THEIRS = f"""\
{API}kind: Connector
metadata: {{name: theirs}}
spec: {{type: duckdb, version: "1.0.0", capabilities: [source]}}
---
{API}kind: Store
metadata: {{name: elsewhere}}
spec: {{connector: theirs, connection: {{path: theirs.duckdb}}}}
---
{API}kind: DataSet
metadata: {{name: theirs}}
spec:
  store: elsewhere
  table: theirs
  description: Theirs
  schema: [{{name: id, type: integer}}, {{name: name, type: string}}]
"""


def test_what_only_one_of_two_writers_changes_is_passed_on(applied: Workspace) -> None:
    applied.write("project/inbox/more.csv", "id,name\n3,eve\n")
    applied.write("project/more.yaml", MORE)
    applied.up("--skip-preview").ok()
    assert applied.rows(USERS) == [(1, "ann"), (2, "bob"), (3, "eve")]
    applied.write("project/inbox/users.csv", "id,name\n1,ann\n2,rob\n")
    assert runs(applied.up("--skip-preview")) == {"load-users", "marts"}
    assert applied.rows(REVENUE) == [("ann", 15.0), ("rob", 7.0)]
    (applied.root / "project/more.yaml").unlink()
    assert "load-users" in runs(applied.up("--skip-preview"))
    assert applied.rows(USERS) == [(1, "ann"), (2, "rob")]
    settled(applied)


MORE = f"""\
{API}kind: DataSet
metadata: {{name: more-csv}}
spec: {{store: inbox, prefix: more.csv, format: csv}}
---
{API}kind: Transform
metadata: {{name: a-load}}
spec:
  runtime: cloudquery
  inputs: [{{dataset: more-csv}}]
  outputs: [{{dataset: users}}]
"""


def test_a_dataset_that_comes_back_takes_the_table_that_dbt_built_meanwhile(applied: Workspace) -> None:
    applied.write(
        "project/models/models/staging/refunds.sql",
        "select id from {{ source('warehouse', 'orders') }} where amount < 0",
    )
    applied.write("project/refunds.yaml", REFUNDS)
    applied.replace(TRANSFORMS, "outputs: [{dataset: paid}]", "outputs: [{dataset: paid}, {dataset: refunds}]")
    applied.up("--skip-preview").ok()
    assert applied.rows("SELECT id FROM refunds") == [(4,)]
    (applied.root / "project/refunds.yaml").unlink()
    applied.replace(TRANSFORMS, "outputs: [{dataset: paid}, {dataset: refunds}]", "outputs: [{dataset: paid}]")
    applied.write("project/inbox/orders.csv", "id,user_id,amount\n1,1,10\n5,2,-1\n")
    gone = applied.up("--skip-preview").ok()
    assert gone.operations["DataSet refunds"] == "delete"
    assert "refunds" in gone.text
    assert applied.rows("SELECT id FROM refunds") == [(5,)]
    applied.write("project/refunds.yaml", REFUNDS)
    applied.replace(TRANSFORMS, "outputs: [{dataset: paid}]", "outputs: [{dataset: paid}, {dataset: refunds}]")
    assert applied.up("--skip-preview").ok().operations["DataSet refunds"] == "create"
    assert applied.rows("SELECT id FROM refunds") == [(5,)]
    settled(applied)


REFUNDS = f"""\
{API}kind: DataSet
metadata: {{name: refunds}}
spec: {{store: warehouse, table: main.refunds, schema: [{{name: id, type: integer}}]}}
"""


def test_an_external_relation_of_dbt_changes_with_its_model(applied: Workspace) -> None:
    # dbt-duckdb writes a file, and makes a view of it in the database.
    applied.write(
        "project/models/models/staging/paid.sql", EXTERNAL.format(root=applied.root, columns="user_id, amount")
    )
    applied.up("--skip-preview").ok()
    assert applied.rows("SELECT count(*) FROM duckdb_views() WHERE view_name = 'paid'") == [(1,)]
    assert applied.rows(REVENUE) == [("ann", 15.0), ("bob", 7.0)]
    columns = "user_id, amount, id as order_id"
    applied.write("project/models/models/staging/paid.sql", EXTERNAL.format(root=applied.root, columns=columns))
    applied.replace(
        TABLES,
        PAID + "spec:\n  store: warehouse\n  table: main.paid\n  schema:\n",
        PAID + "spec:\n  store: warehouse\n  table: main.paid\n  schema:\n    - {name: order_id, type: integer}\n",
    )
    applied.up("--skip-preview").ok()
    assert applied.rows("SELECT order_id FROM paid ORDER BY 1") == [(1,), (2,), (3,)]
    settled(applied)


EXTERNAL = """\
{{{{ config(materialized='external', location='{root}/paid.parquet') }}}}
select {columns} from {{{{ source('warehouse', 'orders') }}}} where amount > 0
"""
