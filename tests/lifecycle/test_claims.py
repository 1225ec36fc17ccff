"""A place has one resource: what comes second in an update is refused, however the place is spelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit_iac.provider.property_values import UNKNOWN
from datakit_iac.testing.lifecycle import Lifecycle, RefusedError, Subject
from tests.lifecycle.warehouse import Warehouse

DATASET = "datakit:index:DataSet"
SHARED = r"^table: people and users are in the same place, duckdb:warehouse.duckdb#raw.users; "


@pytest.fixture
def people(lifecycle: Lifecycle) -> Subject:
    return lifecycle.subject(DATASET, "people")


@pytest.mark.parametrize("spelled", ["raw.users", "RAW.Users"])
@pytest.mark.parametrize("path", ["warehouse.duckdb", "./data/../warehouse.duckdb"])
def test_a_table_has_one_dataset(
    users: Subject, people: Subject, warehouse: Warehouse, spelled: str, path: str
) -> None:
    Path("data").mkdir()
    users.up(warehouse.users())
    before = warehouse.content()
    store = {**warehouse.store, "connection": {"path": path}}
    second = warehouse.users(name="people", table=spelled, store=store)
    for attempt in (people.preview, people.up):
        with pytest.raises(RefusedError, match=SHARED):
            attempt(second)
    assert warehouse.content() == before


def test_a_prefix_has_one_dataset(lifecycle: Lifecycle, folder: Path) -> None:
    (folder / "inbox").mkdir()
    store = {"name": "inbox", "technology": "files", "connection": {"path": "inbox"}}
    inputs = {"store": store, "prefix": "users.csv", "format": "csv"}
    lifecycle.subject(DATASET, "users").up({**inputs, "name": "users"})
    with pytest.raises(RefusedError, match=r"^prefix: people and users are in the same place, files:inbox#users.csv; "):
        lifecycle.subject(DATASET, "people").preview({**inputs, "name": "people", "prefix": "users.csv/"})


def test_resources_of_one_name_are_told_apart(lifecycle: Lifecycle, users: Subject, warehouse: Warehouse) -> None:
    users.up(warehouse.users())
    nested = lifecycle.subject(f"my:index:Component${DATASET}", "users")
    with pytest.raises(RefusedError, match=r"DataSet::users and urn:.*:my:index:Component\$.*::users are "):
        nested.preview(warehouse.users())


def test_what_is_read_only_has_its_place_too(users: Subject, people: Subject, warehouse: Warehouse) -> None:
    users.up(warehouse.users())
    with pytest.raises(RefusedError, match=SHARED):
        people.preview(warehouse.users(name="people", external=True))


@pytest.mark.parametrize("unknown", [{"table": UNKNOWN}, {"store": UNKNOWN}])
def test_a_place_that_a_preview_does_not_know_is_looked_at_in_the_update(
    users: Subject, people: Subject, warehouse: Warehouse, unknown: dict[str, Any]
) -> None:
    users.up(warehouse.users())
    people.preview(warehouse.users(name="people", **unknown))
    with pytest.raises(RefusedError, match=SHARED):
        people.up(warehouse.users(name="people"))


def test_a_resource_may_be_looked_at_again(users: Subject, warehouse: Warehouse) -> None:
    users.preview(warehouse.users())
    users.up(warehouse.users())


def test_a_place_that_a_resource_left_is_free(users: Subject, people: Subject, warehouse: Warehouse) -> None:
    users.up(warehouse.users())
    assert users.up(warehouse.users(table="raw.others")).kind == "replace"
    people.preview(warehouse.users(name="people", table="raw.more"))
    users.up(warehouse.users())
    with pytest.raises(RefusedError, match=SHARED):
        people.preview(warehouse.users(name="people"))


def test_the_next_update_starts_over(
    lifecycle: Lifecycle, users: Subject, people: Subject, warehouse: Warehouse
) -> None:
    users.up(warehouse.users())
    users.destroy()
    warehouse.run("DROP TABLE raw.users")
    people.up(warehouse.users(name="people"))
