"""A table in DuckDB that is rewritten, where `ALTER TABLE` cannot do it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from datakit_iac.technologies.duckdb.session import DuckDBSession
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.technology import StoreError
from datakit_iac.testing import MARK, TechnologyKit
from tests.technologies.kits import column, duckdb_kit

ORDER = Change("reorder", "name, id", None, None, order=(column("name"), column("id", "bigint")))
NARROW = Change("narrow", "id", column("id", "bigint"), column("id", "int"))


@pytest.fixture
def kit(tmp_path: Path) -> TechnologyKit:
    return duckdb_kit(tmp_path)


@pytest.fixture
def database(kit: TechnologyKit) -> Iterator[duckdb.DuckDBPyConnection]:
    """A table that others made with a key, and a comment on it."""
    with duckdb.connect(str(kit.connection.options["path"])) as made:
        made.execute("CREATE SCHEMA raw; CREATE TABLE raw.users (id BIGINT PRIMARY KEY, extra INT, name VARCHAR)")
        made.execute("INSERT INTO raw.users VALUES (1, 7, 'ann'), (2, 8, 'bob')")
        made.execute("COMMENT ON COLUMN raw.users.extra IS 'theirs'")
        yield made


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        (ORDER, ["name VARCHAR", "id BIGINT", "extra INTEGER"]),
        (NARROW, ["id INTEGER", "extra INTEGER", "name VARCHAR"]),
    ],
    ids=["order", "type of a key"],
)
def test_rows_key_and_comments_are_kept(
    kit: TechnologyKit, database: duckdb.DuckDBPyConnection, change: Change, columns: list[str]
) -> None:
    session = DuckDBSession(database)
    session.alter(kit.dataset(), [change], MARK)
    live = session.describe(kit.place("users"))
    assert live is not None
    assert (live.mark, session.primary_key(kit.place("users"))) == (MARK, frozenset({"id"}))
    described = "SELECT column_name || ' ' || data_type, comment FROM duckdb_columns() WHERE schema_name = 'raw'"
    assert database.execute(f"{described} ORDER BY column_index").fetchall() == [
        (each, "theirs" if "extra" in each else None) for each in columns
    ]
    rows = database.execute("SELECT id, extra, name FROM raw.users ORDER BY id").fetchall()
    assert rows == [(1, 7, "ann"), (2, 8, "bob")]


@pytest.mark.parametrize(
    ("change", "statement", "message"),
    [
        (ORDER, "CREATE INDEX names ON raw.users (name)", "would be lost: index names. Drop it, run again"),
        (ORDER, "ALTER TABLE raw.users ALTER extra SET DEFAULT 5", "would be lost: the default of column extra. Drop"),
        (
            ORDER,
            "CREATE TABLE raw.o (u BIGINT REFERENCES raw.users (id))",
            "would be lost: the foreign key of table o. Drop it",
        ),
        (
            Change("drop", "extra", column("extra"), None),
            "CREATE INDEX names ON raw.users (name)",
            "Drop the index or key that depends on it, run again and make it again",
        ),
    ],
)
def test_what_others_made_of_the_table_is_named_and_stays(
    kit: TechnologyKit, database: duckdb.DuckDBPyConnection, change: Change, statement: str, message: str
) -> None:
    session = DuckDBSession(database)
    database.execute(statement)
    before = session.describe(kit.place("users"))
    with pytest.raises(StoreError, match=message):
        session.alter(kit.dataset(), [change], MARK)
    assert session.describe(kit.place("users")) == before
    assert [str(place) for place in session.places("datakit_shadow")] == []
