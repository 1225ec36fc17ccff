"""The changes of one update, as the session of a SQL database carries them out: all of them in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.evolution import Change, plan
from datakit_iac.technologies.sql.session import SqlSession
from datakit_iac.technologies.technology import StoreError
from datakit_iac.testing import MARK
from tests.technologies.kits import column
from tests.technologies.schema_evolution.stores import STORES, Tables

USERS = (column("id", "bigint"), column("name"))


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    with STORES[request.param](tmp_path_factory.mktemp("store")) as made:
        yield made


@pytest.fixture
def session(tables: Tables) -> Iterator[SqlSession]:
    with tables.kit.technology.open(tables.kit.connection, create=True) as opened:
        assert isinstance(opened, SqlSession)
        yield opened


@pytest.fixture
def users(tables: Tables, session: SqlSession) -> BoundDataSet:
    """A table of its own."""
    made = replace(tables.kit.dataset(columns=USERS), place=tables.kit.place(f"t{uuid4().hex[:8]}"))
    session.create(made, MARK)
    return made


def canonical(session: SqlSession) -> Callable[[DataType], DataType]:
    return lambda kind: session.dialect.read(session.dialect.write(kind))


def altered(session: SqlSession, dataset: BoundDataSet, *columns: Column) -> tuple[Change, ...]:
    """Bring a table to these columns; what is still to do after."""
    live = session.describe(dataset.place)
    assert live is not None
    session.alter(
        replace(dataset, columns=columns), plan(live.columns, columns, canonical=canonical(session), order=True), MARK
    )
    after = session.describe(dataset.place)
    assert after is not None
    return plan(after.columns, columns, canonical=canonical(session), order=True)


def test_every_kind_of_change_is_carried_out_in_one_step(
    session: SqlSession, users: BoundDataSet, tables: Tables
) -> None:
    before = (
        column("id", "int", nullable=False),
        column("old"),
        column("gone"),
        column("wide", "int"),
        column("narrow", "bigint"),
        column("free", nullable=False),
        column("must"),
    )
    dataset = replace(users, place=tables.kit.place(f"t{uuid4().hex[:8]}"), columns=before)
    session.create(dataset, MARK)
    tables.fill(dataset, [(1, "a", "b", 2, 3, "c", "d")])
    after = (
        column("must", nullable=False),
        column("added", description="It's new."),
        column("id", "int", nullable=False, description="The key."),
        column("new", previousNames=["old"]),
        column("wide", "bigint"),
        column("narrow", "int"),
        column("free"),
    )
    assert altered(session, dataset, *after) == ()
    assert tables.rows(replace(dataset, columns=after)) == [("d", None, 1, "a", 2, 3, "c")]


def test_a_column_is_required_only_once_no_row_lacks_its_value(
    session: SqlSession, users: BoundDataSet, tables: Tables
) -> None:
    tables.fill(users, [(1, None)])
    required = (USERS[0], column("name", nullable=False))
    assert [change.kind for change in altered(session, users, *required)] == ["require"]
    session.database.execute(f"UPDATE {users.place} SET name = 'ann'")
    assert altered(session, users, *required) == ()


def test_values_that_do_not_fit_a_narrower_type_stop_all_changes(
    session: SqlSession, users: BoundDataSet, tables: Tables
) -> None:
    tables.fill(users, [(1, "ann"), (2, "7"), (3, "1.5")])
    before = session.describe(users.place)
    narrow = Change("narrow", "name", USERS[1], column("name", "int"))
    assert session.misfits(users.place, narrow) == 2
    with pytest.raises(StoreError, match=r"column name changes from string to integer, and 2 of its values do not fit"):
        altered(session, users, USERS[0], column("name", "int"), column("new"))
    assert session.describe(users.place) == before
    session.alter(users, [replace(narrow, loses_misfits=True)], MARK)
    assert tables.rows(users) == [(1, None), (2, 7), (3, None)]


def test_a_change_that_fails_leaves_nothing_changed(session: SqlSession, users: BoundDataSet, tables: Tables) -> None:
    tables.fill(users, [(1, "7")])
    before = session.describe(users.place)
    unknown = Change("drop", "none", column("none"), None)
    changes = plan(USERS, (*USERS, column("new")), canonical=canonical(session))
    with pytest.raises(StoreError, match=r"refused `ALTER TABLE .* DROP COLUMN \"none\"`"):
        session.alter(users, [*changes, unknown], MARK)
    assert session.describe(users.place) == before
