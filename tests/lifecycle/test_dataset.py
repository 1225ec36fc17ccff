"""The life of a DataSet: made, altered in place, watched for drift, never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from datakit_iac.testing.lifecycle import Lifecycle, OperationError, RefusedError, Subject
from tests.lifecycle.warehouse import ID, NAME, PATH, PostgresWarehouse, Warehouse

FILE = pytest.mark.parametrize("warehouse", ["duckdb"], indirect=True)
"""What only a Store that is a file can show."""
NEW = {"name": "email", "type": "text", "pii": True}
TODAY = datetime.now(UTC).date()


def consent(subject: str, days: int = 1) -> list[dict[str, str]]:
    return [{"object": subject, "reason": "asked for", "expires": (TODAY + timedelta(days=days)).isoformat()}]


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(lifecycle: Lifecycle, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A Store of each technology that keeps tables, there and empty."""
    made = {"duckdb": Warehouse, "postgres": PostgresWarehouse}[request.param]()
    if isinstance(made, PostgresWarehouse):  # an ID tells neither, so an import takes them from there
        monkeypatch.setenv("PGUSER", made.connection.options["user"])
        monkeypatch.setenv("PGPASSWORD", made.connection.secrets["password"].reveal())
    lifecycle.subject("datakit:index:Store", "warehouse").up({**made.store, "create": True})
    return made


# Creating.


def test_a_preview_of_a_new_dataset_shows_the_ddl_and_touches_nothing(
    users: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    before = warehouse.content()
    assert users.preview(warehouse.users()).kind == "create"
    assert warehouse.content() == before
    assert 'additive: CREATE SCHEMA IF NOT EXISTS "raw"; CREATE TABLE "raw"."users"' in lifecycle.said()


def test_a_new_dataset_is_a_table_that_carries_its_mark(users: Subject, warehouse: Warehouse) -> None:
    assert users.up(warehouse.users()).kind == "create"
    assert users.id == f"{warehouse.location}#raw.users"
    live = warehouse.live()
    assert live is not None
    assert live.mark is not None
    assert (live.mark.stack, live.mark.dataset, live.mark.generation) == (
        "project/dev",
        "users",
        users.outputs["generation"],
    )
    assert (live.description, live.columns[1].description) == ("All users.", "What they are called.")


def test_the_second_up_does_nothing(filled: Subject, warehouse: Warehouse) -> None:
    assert filled.up(warehouse.users()).kind == "same"


@FILE
@pytest.mark.parametrize(("spelled", "again"), [("users", "main.users"), ("main.users", "users"), ("t.u", "T.U")])
def test_another_spelling_of_its_place_moves_nothing(
    users: Subject, warehouse: Warehouse, spelled: str, again: str
) -> None:
    users.up(warehouse.users(table=spelled, deletion="delete"))
    warehouse.run(f"INSERT INTO {spelled} VALUES (1, 'ann')")
    identity = users.id
    assert users.up(warehouse.users(table=again, deletion="delete")).kind == "update"
    assert (users.id, warehouse.rows(again)) == (identity, [(1, "ann")])


def test_a_create_that_is_tried_again_adopts_what_is_ours(
    filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    retry = lifecycle.subject("datakit:index:DataSet", "users")
    assert retry.up(warehouse.users()).kind == "create"
    assert (warehouse.tables(), len(warehouse.rows())) == (["users"], 2)
    assert retry.outputs["generation"] != filled.outputs["generation"]


def replaced(subject: Subject, inputs: dict[str, Any], lifecycle: Lifecycle) -> Subject:
    """What `pulumi up --replace` and a taint do: the same resource is created, and then the old one deleted."""
    newer = lifecycle.subject("datakit:index:DataSet", "users")
    newer.up(inputs)
    subject.destroy()
    return newer


def test_a_replacement_at_the_same_place_keeps_the_table(
    users: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    users.up(warehouse.users(deletion="delete", consents=consent("table")))
    warehouse.run("INSERT INTO raw.users VALUES (1, 'ann')")
    newer = replaced(users, warehouse.users(deletion="delete"), lifecycle)
    assert (warehouse.tables(), warehouse.rows()) == (["users"], [(1, "ann")])
    assert "raw.users stays: a newer resource holds it" in lifecycle.said()
    newer.destroy()
    assert warehouse.tables() != ["users"]


SPELLINGS = [
    "./warehouse.duckdb",
    "inner/../warehouse.duckdb",
    "link.duckdb",
    "linked/warehouse.duckdb",
    "{here}/warehouse.duckdb",
]


@FILE
@pytest.mark.parametrize("path", SPELLINGS)
def test_another_spelling_of_its_store_moves_nothing(
    users: Subject, warehouse: Warehouse, folder: Path, path: str
) -> None:
    (folder / "inner").mkdir()
    (folder / "link.duckdb").symlink_to(PATH)
    (folder / "linked").symlink_to(folder)
    users.up(warehouse.users(deletion="delete"))
    warehouse.run("INSERT INTO raw.users VALUES (1, 'ann')")
    store = {**warehouse.store, "connection": {"path": path.format(here=folder)}}
    assert users.up(warehouse.users(deletion="delete", store=store)).kind == "update"
    assert (users.id, warehouse.tables(), len(warehouse.rows())) == (f"{warehouse.location}#raw.users", ["users"], 1)


def test_a_retry_with_another_schema_adopts_and_alters(
    filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    retry = lifecycle.subject("datakit:index:DataSet", "users")
    retry.up(warehouse.users(ID, NAME, NEW))
    assert warehouse.rows() == [(1, "ann", None), (2, "bob", None)]
    assert retry.outputs["generation"] != filled.outputs["generation"]


@pytest.mark.parametrize(
    ("comment", "owner"),
    [
        ("hands off", "was not made by datakit"),
        ("[datakit stack=shop/prod dataset=users generation=1f]", "belongs to stack shop/prod"),
    ],
)
def test_what_is_anothers_is_refused_with_the_way_to_import_it(
    users: Subject, warehouse: Warehouse, comment: str, owner: str
) -> None:
    warehouse.run(f"CREATE SCHEMA raw; CREATE TABLE raw.users (x INT); COMMENT ON TABLE raw.users IS '{comment}'")
    with pytest.raises(OperationError) as refused:
        users.up(warehouse.users())
    assert owner in str(refused.value)
    assert f"pulumi import datakit:index:DataSet users '{warehouse.location}#raw.users' --" in str(refused.value)
    assert refused.value.partial is None
    assert warehouse.comment() == comment


def test_a_table_is_imported_by_its_id_and_marked_by_the_next_up(users: Subject, warehouse: Warehouse) -> None:
    warehouse.run("CREATE SCHEMA raw; CREATE TABLE raw.users AS SELECT 1::BIGINT AS id, 'ann' AS name")
    assert users.adopt(f"{warehouse.location}#raw.users")
    assert [column["name"] for column in users.inputs["schema"]] == ["id", "name"]
    assert users.up(warehouse.users()).kind == "update"
    live = warehouse.live()
    assert live is not None
    assert live.mark is not None
    assert warehouse.rows() == [(1, "ann")]


def test_what_is_imported_has_the_name_of_its_resource(lifecycle: Lifecycle, warehouse: Warehouse) -> None:
    warehouse.run("CREATE SCHEMA raw; CREATE TABLE raw.users (id BIGINT)")
    people = lifecycle.subject("datakit:index:DataSet", "people")
    assert people.adopt(f"{warehouse.location}#raw.users")
    declared = {
        "name": "people",
        "store": {**people.inputs["store"], "name": "warehouse"},
        "table": "raw.users",
        "schema": [ID],
    }
    assert people.up(declared).kind == "same"


def test_an_import_of_nothing_finds_nothing(users: Subject, warehouse: Warehouse) -> None:
    assert not users.adopt(f"{warehouse.location}#raw.nothing")


@pytest.mark.parametrize("wrong", ["raw.users", "duckdb:x.duckdb", "duckdb:x.duckdb#"])
def test_an_import_by_what_is_no_id_says_what_an_id_is(users: Subject, wrong: str) -> None:
    with pytest.raises(OperationError, match="expected TECHNOLOGY:LOCATION#TABLE"):
        users.adopt(wrong)


@FILE
def test_a_dataset_in_a_store_that_is_gone_says_so(users: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    elsewhere = {**warehouse.store, "connection": {"path": "gone.duckdb"}}
    with pytest.raises(OperationError, match=r"there is no DuckDB file gone\.duckdb"):
        users.up(warehouse.users(store=elsewhere))


# What cannot stand.


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"schema": []}, r"^schema: users declares no columns"),
        ({"table": None, "prefix": "users/"}, r"^prefix: a DataSet in \w+ has a table; users names a prefix$"),
        ({"schema": [{"name": "id", "type": "bigimt"}]}, r"^schema.*'bigimt' is not a type"),
        ({"schema": [{"name": "id"}]}, r"^schema.*is required"),
        ({"schema": [{"name": "id", "type": "text", "tests": [{"uniqe": True}]}]}, "uniqe"),
        ({"tests": [{"row_cuont": {"min": 1}}]}, "row_cuont"),
        ({"consents": [{"object": "all", "reason": "r", "expires": "2030-01-01"}]}, "^consents"),
    ],
)
def test_inputs_that_cannot_stand_are_refused_with_the_property(
    users: Subject, warehouse: Warehouse, more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        users.preview(warehouse.users(**more))


def test_every_fault_is_told_at_once(users: Subject, warehouse: Warehouse) -> None:
    with pytest.raises(RefusedError) as refused:
        users.preview(warehouse.users({"name": "a", "type": "x"}, {"name": "b", "type": "y"}))
    assert len(refused.value.reasons) == 2


# Additive and rewriting changes.


def test_a_new_column_is_added_in_place(filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    generation = filled.outputs["generation"]
    step = filled.preview(warehouse.users(ID, NAME, NEW))
    assert (step.kind, step.changed) == ("update", ("schema",))
    assert f'additive: ALTER TABLE "raw"."users" ADD COLUMN "email" {warehouse.text}' in lifecycle.said()
    assert warehouse.rows() == [(1, "ann"), (2, "bob")]
    filled.up(warehouse.users(ID, NAME, NEW))
    assert warehouse.rows() == [(1, "ann", None), (2, "bob", None)]
    assert filled.outputs["generation"] != generation


def test_a_wider_type_is_altered_in_place(users: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    users.up(warehouse.users({"name": "id", "type": "int"}, NAME))
    warehouse.run("INSERT INTO raw.users VALUES (1, 'ann')")
    generation = users.outputs["generation"]
    assert users.up(warehouse.users()).kind == "update"
    assert "rewriting: ALTER TABLE" in lifecycle.said()
    assert (warehouse.rows(), users.outputs["generation"]) == ([(1, "ann")], generation)


def test_another_spelling_of_a_type_is_no_change(filled: Subject, warehouse: Warehouse) -> None:
    text = "varchar(20)" if type(warehouse) is Warehouse else "varchar"  # Postgres keeps the length
    assert filled.up(warehouse.users({"name": "id", "type": "INT8"}, {**NAME, "type": text})).kind == "same"


def test_a_rename_by_previous_names_keeps_the_rows(filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    assert filled.up(warehouse.users(ID, {**NAME, "name": "nick", "previousNames": ["name"]})).kind == "update"
    assert "rewriting: " in lifecycle.said()
    assert warehouse.run("SELECT nick FROM raw.users ORDER BY 1") == [("ann",), ("bob",)]


def test_a_description_is_changed_in_place(filled: Subject, warehouse: Warehouse) -> None:
    filled.up(warehouse.users(ID, {**NAME, "description": "Other."}, description="New."))
    live = warehouse.live()
    assert live is not None
    assert (live.description, live.columns[1].description, live.is_empty) == ("New.", "Other.", False)


def test_a_description_that_goes_is_removed(filled: Subject, warehouse: Warehouse) -> None:
    without = {key: value for key, value in NAME.items() if key != "description"}
    inputs = warehouse.users(ID, without)
    del inputs["description"]
    filled.up(inputs)
    live = warehouse.live()
    assert live is not None
    assert (live.description, live.columns[1].description) == ("", "")


@pytest.mark.parametrize("steering", ["consents", "deletion", "downstream", "manifest"])
def test_what_only_steers_us_is_no_change(filled: Subject, warehouse: Warehouse, steering: str) -> None:
    values = {"consents": consent("table"), "deletion": "delete", "downstream": [], "manifest": "elsewhere"}
    assert filled.preview(warehouse.users(**{steering: values[steering]})).kind == "same"


def test_a_column_is_required_once_every_row_has_its_value(filled: Subject, warehouse: Warehouse) -> None:
    filled.up(warehouse.users(ID, {**NAME, "nullable": False}))
    live = warehouse.live()
    assert live is not None
    assert not live.columns[1].nullable


# Destructive changes.


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ([ID], "column name is dropped"),
        ([{"name": "id", "type": "int"}, NAME], "column id changes from bigint to integer"),
    ],
)
def test_a_destructive_change_is_refused_with_downstream_and_the_way_out(
    filled: Subject, warehouse: Warehouse, columns: list[object], what: str
) -> None:
    with pytest.raises(RefusedError) as refused:
        filled.up(warehouse.users(*columns))
    reason = str(refused.value)
    assert f"users: {what}: destructive, refused. Downstream: marts, report." in reason
    assert "consents: [{object: column/" in reason
    assert "dataset/users.yaml:3:9" in reason
    assert warehouse.rows() == [(1, "ann"), (2, "bob")]


def test_a_consent_lets_a_column_go(filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    filled.up(warehouse.users(ID, consents=consent("column/name")))
    assert warehouse.rows() == [(1,), (2,)]
    assert 'destructive: ALTER TABLE "raw"."users" DROP COLUMN "name"' in lifecycle.said()


@pytest.mark.parametrize("days", [0, 1])
def test_a_consent_holds_until_the_end_of_its_day(filled: Subject, warehouse: Warehouse, days: int) -> None:
    assert filled.preview(warehouse.users(ID, consents=consent("column/name", days))).kind == "update"


@pytest.mark.parametrize("given", [consent("column/name", -2), consent("column/id"), consent("table"), []])
def test_a_consent_that_expired_or_names_something_else_is_none(
    filled: Subject, warehouse: Warehouse, given: list[dict[str, str]]
) -> None:
    with pytest.raises(RefusedError, match="destructive, refused"):
        filled.preview(warehouse.users(ID, consents=given))


def test_a_narrower_type_that_the_data_does_not_fit_leaves_everything_as_it_was(
    filled: Subject, warehouse: Warehouse
) -> None:
    before = warehouse.live()
    with pytest.raises(
        OperationError, match=r"2 of its values do not fit.*`misfits: null` in the consent for column/name"
    ):
        filled.up(warehouse.users(ID, {**NAME, "type": "int"}, NEW, consents=consent("column/name")))
    assert warehouse.live() == before


def test_values_that_do_not_fit_are_emptied_where_the_consent_says_so(
    filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    warehouse.run("INSERT INTO raw.users VALUES (3, '7')")
    given = [{**each, "misfits": "null"} for each in consent("column/name")]
    filled.up(warehouse.users(ID, {**NAME, "type": "int"}, consents=given))
    assert warehouse.run("SELECT * FROM raw.users ORDER BY id") == [(1, None), (2, None), (3, 7)]
    assert "2 values of name did not fit integer: now empty" in lifecycle.said()


def test_an_empty_table_loses_nothing_so_it_needs_no_consent(users: Subject, warehouse: Warehouse) -> None:
    users.up(warehouse.users())
    users.up(warehouse.users(ID, {**NAME, "type": "int"}))
    users.up(warehouse.users(ID, {"name": "called", "type": "text"}))
    live = warehouse.live()
    assert live is not None
    assert [(each.name, each.type.name) for each in live.columns] == [("id", "bigint"), ("called", "string")]


def test_a_column_that_others_added_to_an_empty_table_stays(users: Subject, warehouse: Warehouse) -> None:
    users.up(warehouse.users())
    warehouse.run("ALTER TABLE raw.users ADD COLUMN theirs INTEGER")
    users.up(warehouse.users(ID))
    live = warehouse.live()
    assert live is not None
    assert [each.name for each in live.columns] == ["id", "theirs"]


REQUIRED = {**NAME, "nullable": False}


@pytest.mark.parametrize(("writers", "is_refused"), [([], True), (["load"], False), (None, False)])
def test_rows_without_a_required_value_are_refused_where_no_run_will_tell(
    filled: Subject, warehouse: Warehouse, writers: list[str] | None, is_refused: bool
) -> None:
    warehouse.run("INSERT INTO raw.users VALUES (3, NULL)")
    inputs = warehouse.users(ID, REQUIRED, **({} if writers is None else {"writers": writers}))
    if is_refused:
        with pytest.raises(OperationError, match=r"raw.users: not_null\(name\): 1 row without a value"):
            filled.up(inputs)
    else:
        filled.up(inputs)
    live = warehouse.live()
    assert live is not None
    assert not live.columns[1].required


def test_a_required_column_that_nobody_fills_is_refused_before_anything_is_altered(
    filled: Subject, warehouse: Warehouse
) -> None:
    before = warehouse.live()
    with pytest.raises(OperationError, match=r"not_null\(email\): 2 rows without a value"):
        filled.up(warehouse.users({**ID, "description": "New."}, NAME, {**NEW, "nullable": False}, writers=[]))
    assert warehouse.live() == before


SHIFTED = (
    {**ID},
    {"name": "label", "type": "text", "previousNames": ["name"]},
    {"name": "name", "type": "text", "previousNames": ["alias"]},
)


def test_a_shift_of_names_takes_the_values_along(users: Subject, warehouse: Warehouse) -> None:
    users.up(warehouse.users(ID, {"name": "alias", "type": "text"}, {"name": "name", "type": "text"}))
    warehouse.run("INSERT INTO raw.users VALUES (1, 'a', 'n')")
    users.up(warehouse.users(*SHIFTED))
    assert warehouse.run("SELECT id, name, label FROM raw.users") == [(1, "a", "n")]
    assert users.up(warehouse.users(*SHIFTED, description="Again.")).kind == "update"
    assert warehouse.run("SELECT id, name, label FROM raw.users") == [(1, "a", "n")]


def test_a_rename_that_may_be_a_new_column_is_refused(filled: Subject, warehouse: Warehouse) -> None:
    with pytest.raises(RefusedError, match="column label was name, and a column name is declared as well"):
        filled.preview(warehouse.users(ID, NAME, {"name": "label", "type": "text", "previousNames": ["name"]}))


def test_an_exchange_of_names_is_refused(filled: Subject, warehouse: Warehouse) -> None:
    exchanged = ({**ID, "previousNames": ["name"]}, {**NAME, "previousNames": ["id"]})
    with pytest.raises(RefusedError, match="columns id and name exchange names"):
        filled.preview(warehouse.users(*exchanged))


def test_a_view_is_left_to_what_made_it(filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    comment = warehouse.comment()
    warehouse.run("DROP TABLE raw.users; CREATE VIEW raw.users AS SELECT 1::BIGINT AS id, 'ann' AS name")
    warehouse.run(f"COMMENT ON VIEW raw.users IS '{comment}'")
    changed = warehouse.users({**ID, "type": "int"}, NEW, description="Again.")
    filled.up(changed)
    live = warehouse.live()
    assert live is not None
    assert (live.is_view, live.description, warehouse.rows()) == (True, "Again.", [(1, "ann")])
    assert "raw.users is a view; its Run recreates it" in lifecycle.said()


# The order of columns.

SWAPPED = [("ann", 1), ("bob", 2)]
MOVED = """
    ALTER TABLE raw.users ADD COLUMN other BIGINT; UPDATE raw.users SET other = id;
    ALTER TABLE raw.users DROP COLUMN id; ALTER TABLE raw.users RENAME COLUMN other TO id
"""


def test_columns_stay_where_they_are_until_a_consent_lets_the_table_be_rewritten(
    filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    assert filled.up(warehouse.users(NAME, ID)).kind == "same"
    assert warehouse.rows() == [(1, "ann"), (2, "bob")]
    assert "stay in the order in which they are; to have it rewritten in that of the manifest, add" in lifecycle.said()
    filled.inputs["schema"] = [NAME, ID]  # the engine records what it was told, also where nothing is to be done
    allowed = warehouse.users(NAME, ID, consents=consent("order"))
    lifecycle.messages.clear()
    before, mark = warehouse.content(), warehouse.comment()
    assert filled.preview(allowed).changed == ("consents",)
    assert warehouse.content() == before
    assert 'SELECT "name", "id" FROM "raw"."users"; DROP TABLE "raw"."users"; ALTER TABLE' in lifecycle.said()
    assert filled.up(allowed).kind == "update"
    assert (warehouse.rows(), warehouse.tables(), warehouse.comment()) == (SWAPPED, ["users"], mark)


def test_what_others_made_of_the_table_is_named_in_the_preview_and_stays(filled: Subject, warehouse: Warehouse) -> None:
    warehouse.run("CREATE INDEX names ON raw.users (name)")
    before = warehouse.content()
    with pytest.raises(
        OperationError, match=r"would be lost: index (raw\.)?names. Drop it, run again and make it again"
    ):
        filled.preview(warehouse.users(NAME, ID, consents=consent("order")))
    assert warehouse.content() == before


@pytest.mark.parametrize("is_asked", [True, False])
def test_another_order_is_drift_only_where_the_declared_one_is_asked_for(
    filled: Subject, warehouse: Warehouse, is_asked: bool
) -> None:
    declared = warehouse.users(consents=consent("order") if is_asked else [])
    filled.up(declared)
    warehouse.run(MOVED)
    assert filled.refresh()
    assert filled.preview(declared).kind == ("update" if is_asked else "same")
    filled.up(declared)
    assert warehouse.rows() == ([(1, "ann"), (2, "bob")] if is_asked else SWAPPED)


# Drift.


def test_a_table_dropped_by_hand_is_seen_and_made_again(filled: Subject, warehouse: Warehouse) -> None:
    generation = filled.outputs["generation"]
    warehouse.run("DROP TABLE raw.users")
    assert not filled.refresh()
    assert filled.up(warehouse.users()).kind == "create"
    assert filled.outputs["generation"] != generation


def test_a_table_dropped_by_hand_and_not_refreshed_is_made_again_by_an_update(
    filled: Subject, warehouse: Warehouse
) -> None:
    warehouse.run("DROP TABLE raw.users")
    filled.up(warehouse.users(description="New."))
    assert warehouse.tables() == ["users"]


def test_a_store_that_is_gone_is_a_dataset_that_is_gone(filled: Subject, warehouse: Warehouse) -> None:
    warehouse.remove()
    assert not filled.refresh()


def test_a_refresh_without_drift_changes_nothing(filled: Subject, warehouse: Warehouse) -> None:
    before = filled.inputs, filled.outputs
    assert filled.refresh()
    assert (filled.inputs, filled.outputs) == before
    assert filled.preview(warehouse.users()).kind == "same"


@pytest.mark.parametrize(
    "inputs",
    [
        {"schema": [{"name": "ID", "type": "int8", "primaryKey": True, "tests": ["unique"]}, NAME]},
        {"schema": [ID, {**NAME, "type": "string(10)", "pii": False, "from": ["raw.name"], "nullable": False}]},
        {"description": ""},
        {"classification": "internal", "tier": "gold", "owner": "ann", "tests": [{"row_count": {"min": 1}}]},
    ],
)
def test_a_preview_after_a_refresh_is_empty(users: Subject, warehouse: Warehouse, inputs: dict[str, Any]) -> None:
    wanted = {key: value for key, value in warehouse.users(**inputs).items() if value != ""}
    users.up(wanted)
    assert users.refresh()
    assert users.preview(wanted).kind == "same"


def test_a_column_dropped_by_hand_comes_back(filled: Subject, warehouse: Warehouse) -> None:
    warehouse.run("ALTER TABLE raw.users DROP COLUMN name")
    filled.refresh()
    assert [column["name"] for column in filled.inputs["schema"]] == ["id"]
    assert filled.up(warehouse.users()).kind == "update"
    assert warehouse.rows() == [(1, None), (2, None)]


def test_a_column_added_by_hand_is_seen_and_stays_with_a_warning(
    filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    warehouse.run("ALTER TABLE raw.users ADD COLUMN extra INTEGER; UPDATE raw.users SET extra = 5")
    filled.up(warehouse.users(description="New."))
    assert "column extra is in raw.users but not in the contract; it stays" in lifecycle.said()
    assert warehouse.rows() == [(1, "ann", 5), (2, "bob", 5)]


def test_a_column_added_by_hand_is_told_by_a_refresh_and_stays(
    filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    warehouse.run("ALTER TABLE raw.users ADD COLUMN extra INTEGER")
    filled.refresh()
    assert "raw.users has columns that are not in the contract: extra; they stay" in lifecycle.said()
    assert filled.up(warehouse.users()).kind == "same"
    live = warehouse.live()
    assert live is not None
    assert [column.name for column in live.columns] == ["id", "name", "extra"]


def test_a_type_changed_by_hand_is_repaired(filled: Subject, warehouse: Warehouse) -> None:
    warehouse.run("ALTER TABLE raw.users ALTER COLUMN id TYPE INTEGER")
    filled.refresh()
    assert filled.inputs["schema"][0]["type"] == "integer"
    assert filled.up(warehouse.users()).kind == "update"
    live = warehouse.live()
    assert live is not None
    assert str(live.columns[0].type) == "bigint"


@pytest.mark.parametrize(
    "sql",
    [
        "COMMENT ON COLUMN raw.users.name IS 'x'",
        "COMMENT ON TABLE raw.users IS 'x'",
        "COMMENT ON TABLE raw.users IS NULL",
    ],
)
def test_a_description_changed_by_hand_is_repaired(filled: Subject, warehouse: Warehouse, sql: str) -> None:
    before = warehouse.live()
    warehouse.run(sql)
    filled.refresh()
    assert filled.up(warehouse.users()).kind == "update"
    assert warehouse.live() == before


# Moving.


@pytest.mark.parametrize("table", ["raw.people", "users"])
def test_another_table_is_another_dataset(filled: Subject, warehouse: Warehouse, table: str) -> None:
    step = filled.up(warehouse.users(table=table))
    assert (step.kind, step.replaces) == ("replace", ("table",))
    assert len(warehouse.rows("raw.users")) == 2
    assert warehouse.rows(table) == []


@FILE
def test_another_file_is_another_dataset(filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    other = {**warehouse.store, "connection": {"path": "other.duckdb"}}
    lifecycle.subject("datakit:index:Store", "other").up(other)
    assert filled.up(warehouse.users(store=other)).replaces == ("store",)
    assert filled.id == "duckdb:other.duckdb#raw.users"


@FILE
@pytest.mark.parametrize(
    "connection", [{"path": f"./{PATH}"}, {"path": PATH}], ids=["another spelling of the path", "the same"]
)
def test_a_dataset_that_keeps_its_place_is_never_replaced(
    filled: Subject, warehouse: Warehouse, connection: dict[str, str]
) -> None:
    store = {**warehouse.store, "name": "renamed", "connection": connection}
    assert filled.preview(warehouse.users(store=store)).kind != "replace"


def test_a_dataset_that_is_renamed_keeps_its_table(filled: Subject, warehouse: Warehouse) -> None:
    # The engine knows by an alias that `people` is what `users` was.
    assert filled.up(warehouse.users(name="people")).kind == "update"
    live = warehouse.live()
    assert live is not None
    assert live.mark is not None
    assert (live.mark.dataset, len(warehouse.rows())) == ("people", 2)


@pytest.mark.parametrize("is_left", [False, True])
def test_the_table_of_another_dataset_is_refused_with_the_way_out(
    filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle, is_left: bool
) -> None:
    if is_left:
        filled.destroy()
    lifecycle.begin()  # without `users`
    people = lifecycle.subject("datakit:index:DataSet", "people")
    with pytest.raises(OperationError, match=r"holds the rows of DataSet users.*`previousNames: \[users\]`"):
        people.preview(warehouse.users(name="people"))
    with pytest.raises(OperationError, match="holds the rows of DataSet users"):
        people.up(warehouse.users(name="people"))
    assert (warehouse.tables(), len(warehouse.rows())) == (["users"], 2)


def test_two_datasets_do_not_exchange_their_tables(filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    orders = lifecycle.subject("datakit:index:DataSet", "orders")
    orders.up(warehouse.users(name="orders", table="raw.orders"))
    lifecycle.begin()
    for subject, name, table in ((filled, "users", "raw.orders"), (orders, "orders", "raw.users")):
        with pytest.raises(OperationError, match="holds the rows of DataSet"):
            subject.up(warehouse.users(name=name, table=table))
    assert (len(warehouse.rows()), warehouse.rows("raw.orders")) == (2, [])


def test_a_table_that_a_run_made_beside_its_outputs_is_adopted(users: Subject, warehouse: Warehouse) -> None:
    warehouse.run("CREATE SCHEMA raw; CREATE TABLE raw.users (id BIGINT, name VARCHAR)")
    warehouse.run("COMMENT ON TABLE raw.users IS '[datakit stack=project/dev dataset=- generation=1f runs=marts:2a]'")
    users.up(warehouse.users())
    live = warehouse.live()
    assert live is not None
    assert live.mark is not None
    assert (live.mark.dataset, [str(each) for each in live.mark.runs]) == ("users", ["marts:2a"])


@pytest.mark.parametrize(
    ("before", "after", "is_refilled"),
    [
        (["load"], ["fetch"], True),
        (["load", "more"], ["load"], True),
        (["load"], [], True),
        (["load"], ["load", "more"], False),
        (None, ["load"], False),
    ],
)
def test_a_writer_that_goes_makes_the_rest_run_again(
    users: Subject, warehouse: Warehouse, before: list[str] | None, after: list[str], is_refilled: bool
) -> None:
    users.up(warehouse.users(**({} if before is None else {"writers": before})))
    generation = users.outputs["generation"]
    step = users.up(warehouse.users(writers=after))
    assert (step.kind, step.changed) == (("update", ("writers",)) if is_refilled else ("same", ()))
    assert (users.outputs["generation"] != generation) == is_refilled


# Deleting.


def test_data_stays_where_the_environment_retains(filled: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    filled.destroy()
    assert len(warehouse.rows()) == 2
    assert "stays: this environment retains data" in lifecycle.said()


def deletable(users: Subject, warehouse: Warehouse, **more: object) -> None:
    users.up(warehouse.users(deletion="delete", **more))


def test_a_table_with_rows_goes_to_the_trash(users: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    deletable(users, warehouse)
    warehouse.run("INSERT INTO raw.users VALUES (1, 'ann')")
    users.destroy()
    (trash,) = warehouse.tables()
    assert trash.startswith("users__trash_")
    assert warehouse.rows(f'raw."{trash}"') == [(1, "ann")]
    assert f"raw.users held 1 rows: kept as {trash} for 7 days" in lifecycle.said()


def test_a_name_in_the_trash_is_no_longer_than_names_may_be(users: Subject, warehouse: Warehouse) -> None:
    longest = "u" * 63
    deletable(users, warehouse, table=f"raw.{longest}")
    warehouse.run(f"INSERT INTO raw.{longest} VALUES (1, 'ann')")
    users.destroy()
    (trash,) = warehouse.tables()
    assert re.fullmatch(r"u+__trash_\d{8}T\d{6}Z", trash)
    assert warehouse.rows(f'raw."{trash}"') == [(1, "ann")]


def test_an_empty_table_is_dropped(users: Subject, warehouse: Warehouse) -> None:
    deletable(users, warehouse)
    users.destroy()
    assert warehouse.tables() == []


@pytest.mark.parametrize(("days", "left"), [(1, 0), (-2, 1)])
def test_a_consent_drops_a_table_with_rows_until_it_expires(
    users: Subject, warehouse: Warehouse, days: int, left: int
) -> None:
    deletable(users, warehouse, consents=consent("table", days))
    warehouse.run("INSERT INTO raw.users VALUES (1, 'ann')")
    users.destroy()
    assert len(warehouse.tables()) == left


@pytest.mark.parametrize("comment", ["NULL", "'[datakit stack=shop/prod dataset=users generation=1f]'"])
def test_what_carries_anothers_mark_stays(
    users: Subject, warehouse: Warehouse, lifecycle: Lifecycle, comment: str
) -> None:
    deletable(users, warehouse)
    warehouse.run(f"COMMENT ON TABLE raw.users IS {comment}")
    users.destroy()
    assert warehouse.tables() == ["users"]
    assert "does not carry the mark" in lifecycle.said()


def test_what_is_gone_already_is_no_error(users: Subject, warehouse: Warehouse, lifecycle: Lifecycle) -> None:
    deletable(users, warehouse)
    warehouse.run("DROP TABLE raw.users")
    users.destroy()
    users.up(warehouse.users(deletion="delete"))
    warehouse.remove()
    users.destroy()
    assert "is gone already" in lifecycle.said()


def stamp(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y%m%dT%H%M%SZ")


@pytest.mark.parametrize("end", ["create", "destroy"])
def test_the_trash_is_emptied_after_its_time_by_any_use_of_the_store(
    users: Subject, warehouse: Warehouse, lifecycle: Lifecycle, end: str
) -> None:
    if end == "destroy":
        deletable(users, warehouse)
    old, young, foreign = f"orders__trash_{stamp(8)}", f"orders__trash_{stamp(6)}", f"others__trash_{stamp(8)}"
    named = [old, young, foreign, "orders__trash_of_somebody", "orders_trash"]
    for name in named:
        stack = "shop/prod" if name == foreign else "project/dev"
        warehouse.run(f'CREATE TABLE "{name}" (x INT)')
        warehouse.run(f"COMMENT ON TABLE \"{name}\" IS '[datakit stack={stack} dataset=orders generation=1f]'")
    if end == "create":
        users.up(warehouse.users())
    else:
        users.destroy()
    assert warehouse.tables() == sorted([*named[1:], *(["users"] if end == "create" else [])])
    assert f"{warehouse.default_schema}.{old} was in the trash for 7 days and is dropped" in lifecycle.said()


def test_a_view_in_the_tables_place_is_deleted_too(users: Subject, warehouse: Warehouse) -> None:
    deletable(users, warehouse)
    comment = warehouse.comment()
    warehouse.run("DROP TABLE raw.users; CREATE VIEW raw.users AS SELECT 1 AS id WHERE false")
    warehouse.run(f"COMMENT ON VIEW raw.users IS '{comment}'")
    users.destroy()
    assert warehouse.live() is None


def test_a_table_that_another_stack_made_in_its_place_is_not_altered(filled: Subject, warehouse: Warehouse) -> None:
    warehouse.run("COMMENT ON TABLE raw.users IS '[datakit stack=shop/prod dataset=users generation=1f]'")
    with pytest.raises(OperationError, match="belongs to stack shop/prod"):
        filled.up(warehouse.users(ID, NAME, NEW))
    assert warehouse.rows() == [(1, "ann"), (2, "bob")]


def test_the_table_of_another_stack_is_taken_over_by_an_import(users: Subject, warehouse: Warehouse) -> None:
    warehouse.run("CREATE SCHEMA raw; CREATE TABLE raw.users (id BIGINT, name VARCHAR)")
    warehouse.run("COMMENT ON TABLE raw.users IS '[datakit stack=shop/prod dataset=users generation=1f]'")
    users.adopt(f"{warehouse.location}#raw.users")
    users.up(warehouse.users())
    live = warehouse.live()
    assert live is not None
    assert live.mark is not None
    assert live.mark.stack == "project/dev"


def test_a_table_that_a_tool_swapped_in_is_ours_still(filled: Subject, warehouse: Warehouse) -> None:
    warehouse.run("CREATE TABLE raw.newer AS SELECT * FROM raw.users; DROP TABLE raw.users")
    warehouse.run("ALTER TABLE raw.newer RENAME TO users")
    filled.up(warehouse.users(ID, NAME, NEW))
    live = warehouse.live()
    assert live is not None
    assert live.mark is not None


# What only a server keeps.

SERVER = pytest.mark.parametrize("warehouse", ["postgres"], indirect=True)
KEY = {**ID, "primaryKey": True}


@SERVER
def test_a_name_that_the_server_would_cut_is_refused(users: Subject, warehouse: Warehouse) -> None:
    with pytest.raises(RefusedError, match=r"table: u{64} has 64 bytes; in postgres a name has 63 at most"):
        users.preview(warehouse.users(table="raw." + "u" * 64))
    with pytest.raises(RefusedError, match=r"schema: ü{32} has 64 bytes"):
        users.preview(warehouse.users(ID, {"name": "ü" * 32, "type": "text"}))


@SERVER
def test_a_primary_key_is_a_constraint_and_its_loss_is_repaired(users: Subject, warehouse: Warehouse) -> None:
    users.up(warehouse.users(KEY, NAME))
    before = warehouse.live()
    assert before is not None
    assert (before.columns[0].primary_key, before.columns[0].nullable) == (True, False)
    warehouse.run("ALTER TABLE raw.users DROP CONSTRAINT users_pkey")
    users.refresh()
    assert "primaryKey" not in users.inputs["schema"][0]
    assert users.up(warehouse.users(KEY, NAME)).kind == "update"
    assert warehouse.live() == before


@SERVER
def test_another_primary_key_takes_the_place_of_the_first(
    users: Subject, warehouse: Warehouse, lifecycle: Lifecycle
) -> None:
    users.up(warehouse.users(KEY, NAME))
    warehouse.run("ALTER TABLE raw.users RENAME CONSTRAINT users_pkey TO theirs")
    users.up(warehouse.users(ID, {**NAME, "name": "nick", "primaryKey": True, "previousNames": ["name"]}))
    live = warehouse.live()
    assert live is not None
    assert [(each.name, each.primary_key, each.nullable) for each in live.columns] == [
        ("id", False, True),
        ("nick", True, False),
    ]
    assert 'DROP CONSTRAINT "users_pkey"; ' in lifecycle.said()


@SERVER
@pytest.mark.parametrize("writers", [[], ["load"]])
def test_rows_of_the_same_key_are_refused_where_no_run_will_tell(
    filled: Subject, warehouse: Warehouse, writers: list[str]
) -> None:
    warehouse.run("INSERT INTO raw.users VALUES (2, 'bea')")
    if writers:
        filled.up(warehouse.users(KEY, NAME, writers=writers))
    else:
        with pytest.raises(OperationError, match=r"raw.users: primary key unique\(id\): 1 row; remove rows"):
            filled.up(warehouse.users(KEY, NAME, writers=writers))
    live = warehouse.live()
    assert live is not None
    assert not live.columns[0].primary_key


@SERVER
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("COMMENT ON COLUMN raw.users.email IS 'Where.'", {"name": "email", "type": "string", "description": "Where."}),
        ("COMMENT ON COLUMN raw.users.email IS '{\"pii\": false}'", {"name": "email", "type": "string", "pii": False}),
        (
            'COMMENT ON COLUMN raw.users.email IS \'{"pii": "maybe not"}\'',
            {"name": "email", "type": "string", "description": '{"pii": "maybe not"}'},
        ),
    ],
)
def test_personal_data_is_said_in_the_catalog_and_its_loss_is_repaired(
    users: Subject, warehouse: Warehouse, sql: str, said: dict[str, object]
) -> None:
    wanted = warehouse.users(ID, {**NEW, "description": "Where.", "masking": "hash"}, classification="restricted")
    users.up(wanted)
    (comment,) = warehouse.run("SELECT col_description('raw.users'::regclass, 2)")[0]
    assert comment == 'Where.\n\n{"pii": true, "masking": "hash"}'
    assert warehouse.comment().startswith('All users.\n\n{"classification": "restricted"}\n\n[datakit ')
    before = warehouse.live()
    warehouse.run(sql)
    users.refresh()
    assert users.inputs["schema"][1] == said
    assert users.up(wanted).kind == "update"
    assert warehouse.live() == before


@SERVER
def test_a_classification_changed_by_hand_is_repaired(users: Subject, warehouse: Warehouse) -> None:
    users.up(warehouse.users(classification="restricted"))
    before, comment = warehouse.live(), warehouse.comment()
    warehouse.run(f"COMMENT ON TABLE raw.users IS '{comment.replace('restricted', 'public')}'")
    users.refresh()
    assert users.inputs["classification"] == "public"
    assert users.up(warehouse.users(classification="restricted")).kind == "update"
    assert warehouse.live() == before


@pytest.fixture
def roles(warehouse: Warehouse) -> Iterator[tuple[str, str]]:
    """Two roles of the server."""
    names = (f"reader_{uuid4().hex[:8]}", f"Writer_{uuid4().hex[:8]}")
    for name in names:
        warehouse.run(f'CREATE ROLE "{name}"')
    yield names
    for name in names:
        warehouse.run(f'DROP OWNED BY "{name}"; DROP ROLE "{name}"')


@SERVER
def test_roles_may_do_what_the_connection_grants_them(
    users: Subject, warehouse: Warehouse, roles: tuple[str, str]
) -> None:
    reader, writer = roles
    store = {**warehouse.store, "connection": {**warehouse.store["connection"], "grants": {reader: "read"}}}
    users.up(warehouse.users(store=store))

    def may(role: str) -> list[bool]:
        asked = [f"has_table_privilege('{role}', 'raw.users', '{each}')" for each in ("SELECT", "INSERT", "DELETE")]
        return list(warehouse.run(f"SELECT {', '.join(asked)}")[0])

    assert (may(reader), may(writer)) == ([True, False, False], [False, False, False])
    store["connection"]["grants"] = {reader: "none", writer: "write"}
    assert users.up(warehouse.users(store=store)).changed == ("store",)
    assert (may(reader), may(writer)) == ([False, False, False], [True, True, True])
    warehouse.run(f'REVOKE DELETE ON raw.users FROM "{writer}"; GRANT SELECT ON raw.users TO "{reader}"')
    users.refresh()
    assert users.inputs["store"]["connection"]["grants"] == {reader: "read", writer: "INSERT, SELECT, UPDATE"}
    assert users.up(warehouse.users(store=store)).changed == ("store",)
    assert (may(reader), may(writer)) == ([False, False, False], [True, True, True])
    users.refresh()
    assert users.up(warehouse.users(store=store)).kind == "same"


@SERVER
def test_a_view_that_reads_a_column_is_named_where_it_stops_a_change(filled: Subject, warehouse: Warehouse) -> None:
    warehouse.run("CREATE VIEW raw.names AS SELECT name FROM raw.users")
    before = warehouse.live()
    for columns in ((ID, {**NAME, "type": "varchar(9)"}, NEW), (ID, NEW)):
        with pytest.raises(OperationError, match=r'view raw.names reads column "?name"?.*; drop it,'):
            filled.up(warehouse.users(*columns, consents=consent("column/name")))
        assert warehouse.live() == before
