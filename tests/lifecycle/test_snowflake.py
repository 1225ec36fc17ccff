"""The life of a DataSet in Snowflake's emulator: what holds for every Store of tables, in one story each."""

from __future__ import annotations

import pytest

from datakit_iac.testing.lifecycle import Lifecycle, Subject
from datakit_iac.testing.served_provider import OperationError
from datakit_iac.testing.subject import RefusedError
from tests.lifecycle.warehouse import ID, NAME, SnowflakeWarehouse

EMAIL = {"name": "email", "type": "text", "pii": True, "description": "Where to write."}


@pytest.fixture
def warehouse(lifecycle: Lifecycle) -> SnowflakeWarehouse:
    made = SnowflakeWarehouse()
    lifecycle.subject("datakit:index:Store", "warehouse").up({**made.store, "create": True})
    return made


def test_a_dataset_is_made_changed_watched_and_put_into_the_trash(
    users: Subject, warehouse: SnowflakeWarehouse, lifecycle: Lifecycle
) -> None:
    before = warehouse.content()
    assert users.preview(warehouse.users()).kind == "create"
    assert warehouse.content() == before
    assert 'CREATE TABLE "RAW"."USERS" ("ID" NUMBER(38,0), "NAME" VARCHAR COMMENT' in lifecycle.said()
    assert users.up(warehouse.users()).kind == "create"
    assert users.id == f"{warehouse.location}#raw.users"
    first = users.outputs["generation"]
    warehouse.run("INSERT INTO raw.users VALUES (1, 'ann'), (2, 'bob')")
    assert users.up(warehouse.users()).kind == "same"

    assert users.up(warehouse.users(ID, NAME, EMAIL, deletion="delete")).kind == "update"
    assert users.outputs["generation"] != first, "what fills it runs again for the column"
    assert warehouse.rows() == [(1, "ann", None), (2, "bob", None)]

    warehouse.run("COMMENT ON COLUMN raw.users.email IS 'hello'")
    users.refresh()
    assert users.up(warehouse.users(ID, NAME, EMAIL, deletion="delete")).kind == "update"
    live = warehouse.live()
    assert live is not None
    email = live.columns[2]
    assert (email.name, email.pii, email.description) == ("email", True, "Where to write.")

    with pytest.raises(RefusedError, match="column name is dropped: destructive, refused"):
        users.up(warehouse.users(ID, EMAIL))
    assert len(warehouse.rows()) == 2

    users.destroy()
    (trash,) = warehouse.tables()
    assert trash.startswith("users__trash_")
    assert len(warehouse.rows(f"raw.{trash}")) == 2


def test_a_table_that_others_made_is_left_alone_and_one_that_is_gone_is_made_again(
    users: Subject, warehouse: SnowflakeWarehouse
) -> None:
    warehouse.run("CREATE SCHEMA raw; CREATE TABLE raw.users (id NUMBER(38,0), name VARCHAR)")
    before = warehouse.content()
    with pytest.raises(OperationError, match=r"raw\.users is there already and was not made by datakit"):
        users.up(warehouse.users())
    assert warehouse.content() == before
    warehouse.run("DROP TABLE raw.users")
    users.up(warehouse.users())
    warehouse.run("DROP TABLE raw.users")
    users.refresh()
    assert users.up(warehouse.users()).kind == "create"
    assert warehouse.tables() == ["users"]
