"""Postgres alone: types, alterations, tests of a contract, views, and what its servers refuse."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.manifest.values.types import NAMES, DataType
from datakit_iac.technologies.evolution import Change, plan
from datakit_iac.technologies.postgres.factory import Postgres
from datakit_iac.technologies.postgres.session import PostgresSession
from datakit_iac.technologies.technology import StoreError, StoreMissingError, address, location
from datakit_iac.testing import MARK, TechnologyKit
from tests.technologies.kits import column
from tests.technologies.postgres.conftest import Database

TYPES = [
    *NAMES,
    "decimal(38,10)",
    "decimal(1,0)",
    "string(10)",
    "array<text>",
    "array<decimal(4,1)>",
    "array<array<int>>",
]


# Types.


@pytest.mark.parametrize("spelling", TYPES)
def test_every_type_is_read_back_as_its_canonical_one(
    session: PostgresSession, kit: TechnologyKit, spelling: str
) -> None:
    declared = DataType.parse(spelling)
    session.create(kit.dataset(columns=(Column(name="c", type=declared),)), MARK)
    live = session.describe(kit.place("users"))
    assert live is not None
    assert live.columns[0].type == Postgres().canonical(declared)
    assert session.data_version(kit.dataset(columns=())) is not None


@pytest.mark.parametrize("spelling", TYPES)
def test_the_canonical_type_is_its_own_canonical_type(spelling: str) -> None:
    canonical = Postgres().canonical(DataType.parse(spelling))
    assert Postgres().canonical(canonical) == canonical


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("numeric", "decimal(38,9)"),
        ("numeric(50,20)", "decimal(38,20)"),
        ("numeric(3,-2)", "decimal(5,0)"),
        ("integer[3]", "array<integer>"),
        ("char(5)", "string(5)"),
        ("timestamp(3)", "timestamp"),
        ("json", "json"),
        ("interval", "string"),
        ("point", "string"),
        ("xml", "string"),
        ("int4range", "string"),
    ],
)
def test_types_that_only_postgres_has_are_read_as_what_holds_them_and_have_a_version(
    session: PostgresSession, database: Database, kit: TechnologyKit, spelling: str, expected: str
) -> None:
    database.execute(f"CREATE SCHEMA raw; CREATE TABLE raw.users (c {spelling}); INSERT INTO raw.users VALUES (NULL)")
    live = session.describe(kit.place("users"))
    assert live is not None
    assert str(live.columns[0].type) == expected
    assert session.data_version(kit.dataset(columns=())) is not None


# Names.


def test_upper_and_lower_case_are_two_tables(session: PostgresSession, kit: TechnologyKit) -> None:
    upper = replace(kit.dataset(), place=Place(table="raw.Users"))
    session.create(kit.dataset(), MARK)
    assert session.describe(upper.place) is None
    assert address(upper) != address(kit.dataset())


@pytest.mark.parametrize("schema", ["raw", "Raw data", "o\\'\"hara"])
def test_a_table_without_a_schema_is_in_that_of_its_store(kit: TechnologyKit, schema: str) -> None:
    store = Connection("postgres", {**kit.connection.options, "schema": schema}, kit.connection.secrets)
    bare = replace(kit.dataset(), connection=store, place=Place(table="users"))
    qualified = replace(kit.dataset(), place=Place(table=f"{schema}.users"))
    assert address(bare) == address(qualified) == f"{schema}.users"
    with Postgres().open(store, create=True) as session:
        session.create(bare, MARK)
        assert session.describe(qualified.place) == session.describe(bare.place)
        assert session.rows("SELECT current_schema()") == [(schema,)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"host": "DB.example", "database": "shop"}, "postgres:db.example:5432/shop"),
        ({"host": "::1", "port": 6543, "database": "a/b#c"}, "postgres:%3A%3A1:6543/a%2Fb%23c"),
    ],
)
def test_a_location_names_server_and_database(options: dict[str, object], expected: str) -> None:
    bound = BoundDataSet("users", "store", Connection("postgres", options), Place(table="users"))
    assert location(bound) == expected
    assert Postgres().location(Postgres().at(expected)) == expected


@pytest.mark.parametrize("text", ["postgres:", "postgres:db", "postgres:db:x/y", "postgres:db:5432"])
def test_a_location_that_tells_no_database_is_refused(text: str) -> None:
    with pytest.raises(StoreError, match="expected postgres:HOST:PORT/DATABASE"):
        Postgres().at(text)


# Alterations.


def altered(session: PostgresSession, dataset: BoundDataSet, *columns: Column) -> tuple[Change, ...]:
    """Bring a table to these columns; what is still to do after."""
    live = session.describe(dataset.place)
    assert live is not None
    wanted = replace(dataset, columns=columns)
    session.alter(wanted, plan(live.columns, columns, canonical=Postgres().canonical), MARK)
    after = session.describe(dataset.place)
    assert after is not None
    return plan(after.columns, columns, canonical=Postgres().canonical)


@pytest.mark.parametrize(
    ("old", "new", "values", "misfits"),
    [
        ("bigint", "integer", ["1", "2147483648"], 1),
        ("decimal(10,2)", "integer", ["1.00", "1.50", "99999999"], 1),
        ("decimal(10,2)", "decimal(5,1)", ["1.50", "1.55", "99999.00"], 2),
        ("double", "bigint", ["1e15", "1.5", "NaN", "1e30"], 3),
        ("double", "float", ["1.5", "1e300"], 1),
        ("bigint", "double", ["9007199254740993"], 0),
        ("text", "decimal(5,2)", ["1.5", "1.555", "x", "1000"], 3),
        ("text", "date", ["2026-02-03", "2026-02-31", "2026-02-03 10:00"], 2),
        ("text", "timestamp", ["2026-02-03 10:00", "soon"], 1),
        ("text", "string(3)", ["abc", "abcd"], 1),
        ("text", "boolean", ["yes", "maybe"], 1),
        ("text", "uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0"], 1),
        ("text", "json", ['{"a": 1}', "{a}"], 1),
        ("text", "array<int>", ["{1,2}", "1"], 1),
        ("timestamp", "date", ["2026-02-03", "2026-02-03 10:00"], 1),
        ("timestamp", "time", ["2026-02-03 10:00"], 1),
        ("timestamptz", "timestamp", ["2026-02-03 10:00+01"], 0),
        ("bigint", "text", ["1"], 0),
        ("bigint", "boolean", ["1", "0", "2"], 1),
    ],
)
def test_a_value_fits_where_the_narrower_type_holds_all_of_it(
    session: PostgresSession,
    kit: TechnologyKit,
    database: Database,
    old: str,
    new: str,
    values: list[str],
    misfits: int,
) -> None:
    session.create(kit.dataset(columns=(column("c", old),)), MARK)
    for value in values:
        database.execute("INSERT INTO raw.users VALUES (%s)", [value])
    narrow = Change("narrow", "c", column("c", old), column("c", new), loses_misfits=True)
    assert session.misfits(kit.place("users"), narrow) == misfits
    session.alter(kit.dataset(), [narrow], MARK)
    assert database.execute("SELECT count(c) FROM raw.users").fetchall() == [(len(values) - misfits,)]


def test_columns_of_loaders_are_no_part_of_the_schema_nor_of_the_version(
    session: PostgresSession, kit: TechnologyKit, database: Database
) -> None:
    session.create(kit.dataset(), MARK)
    database.execute("ALTER TABLE raw.users ADD COLUMN _cq_sync_time timestamp")
    database.execute("INSERT INTO raw.users VALUES (1, 'ann', '2026-01-01')")
    before = session.data_version(kit.dataset())
    database.execute("UPDATE raw.users SET _cq_sync_time = '2026-01-02'")
    assert session.data_version(kit.dataset()) == before
    live = session.describe(kit.place("users"))
    assert live is not None
    assert [each.name for each in live.columns] == ["id", "name"]


def test_no_setting_of_a_session_shows_in_the_version(
    session: PostgresSession, kit: TechnologyKit, database: Database
) -> None:
    columns = tuple(column(f"c{place}", kind) for place, kind in enumerate(["timestamptz", "date", "double", "binary"]))
    session.create(kit.dataset(columns=columns), MARK)
    database.execute("INSERT INTO raw.users VALUES (now(), current_date, 0.1::float8 + 0.2::float8, 'x')")
    before = session.data_version(kit.dataset(columns=columns))
    for setting in (
        "timezone = 'Asia/Tokyo'",
        "datestyle = 'German'",
        "extra_float_digits = 0",
        "bytea_output = escape",
    ):
        session.database.execute(f"SET {setting}")
    assert session.data_version(kit.dataset(columns=columns)) == before


# Views, which a tool may put in a table's place.


@pytest.fixture(params=["VIEW", "MATERIALIZED VIEW"])
def view(
    session: PostgresSession, kit: TechnologyKit, database: Database, request: pytest.FixtureRequest
) -> BoundDataSet:
    database.execute(f"CREATE SCHEMA raw; CREATE {request.param} raw.users AS SELECT 1::bigint AS id, 'ann' AS name")
    return kit.dataset()


def test_a_view_is_described_and_marked(session: PostgresSession, view: BoundDataSet) -> None:
    columns = (column("id", "bigint", nullable=False, description="The key."), column("name"))
    remaining = altered(session, view, *columns)
    live = session.describe(view.place)
    assert live is not None
    assert (live.is_view, live.mark, live.is_empty) == (True, MARK, False)
    assert live.columns[0].description == "The key."
    assert [change.kind for change in remaining] == ["require"]


def test_a_view_is_renamed_found_and_dropped(session: PostgresSession, view: BoundDataSet) -> None:
    session.rename(view.place, "users__trash_1")
    assert session.describe(view.place) is None
    assert session.places("__trash_") == [Place(table="raw.users__trash_1")]
    session.drop(Place(table="raw.users__trash_1"))
    assert session.places("users") == []


# Tests of a contract.

NOW = datetime.now(UTC)
TESTED: dict[str, tuple[dict[str, object], list[str]]] = {
    "unique": ({"name": "id", "tests": ["unique"]}, ["unique(id): 1 row"]),
    "not_null": ({"name": "name", "tests": ["not_null"]}, ["not_null(name): 1 row"]),
    "primary key": ({"name": "id", "primaryKey": True}, ["unique(id): 1 row"]),
    "accepted texts": (
        {"name": "name", "tests": [{"accepted_values": {"values": ["ann", "o'hara"]}}]},
        ["accepted_values(name): 1 row"],
    ),
    "accepted numbers": ({"name": "id", "type": "bigint", "tests": [{"accepted_values": {"values": [1, 2, "3"]}}]}, []),
    "accepted truths": ({"name": "ok", "type": "boolean", "tests": [{"accepted_values": {"values": [True]}}]}, []),
    "row_count below": ({"name": "id", "tests": [{"row_count": {"min": 5}}]}, ["row_count(id): 4 rows"]),
    "sql": ({"name": "id", "tests": [{"sql": "SELECT * FROM {{ this }} WHERE id > 2; "}]}, ["sql(id): 1 row"]),
    "sql with a percent sign": (
        {"name": "id", "tests": [{"sql": "SELECT * FROM {{ this }} WHERE name LIKE 'a%' -- all"}]},
        ["sql(id): 1 row"],
    ),
    "fresh": ({"name": "at", "tests": [{"freshness": {"column": "at", "max_age": "2h"}}]}, []),
    "stale": ({"name": "at", "tests": [{"freshness": {"column": "at", "max_age": "30m"}}]}, ["freshness(at): 4 rows"]),
    "fresh with a time zone": ({"name": "tz", "tests": [{"freshness": {"column": "tz", "maxAge": "2h"}}]}, []),
    "fresh day": ({"name": "day", "tests": [{"freshness": {"column": "day", "maxAge": "2d"}}]}, []),
    "relationships": (
        {"name": "id", "tests": [{"relationships": {"to": "keys", "field": "key", "table": "raw.keys"}}]},
        ["relationships(id): 2 rows"],
    ),
}


@pytest.fixture
def filled(session: PostgresSession, kit: TechnologyKit, database: Database) -> BoundDataSet:
    database.execute("CREATE SCHEMA raw")
    database.execute(
        'CREATE TABLE raw.users (id bigint, name text, ok boolean, "at" timestamp, tz timestamptz, day date)'
    )
    before = NOW - timedelta(hours=1)
    for key, name in ((1, "ann"), (2, "bob"), (2, "o'hara"), (3, None)):
        values = [key, name, True, before.replace(tzinfo=None), before, NOW.date()]
        database.execute("INSERT INTO raw.users VALUES (%s, %s, %s, %s, %s, %s)", values)
    database.execute("CREATE TABLE raw.keys AS SELECT unnest(ARRAY[1, 3, NULL]) AS key")
    return kit.dataset()


@pytest.mark.parametrize("case", TESTED)
def test_a_test_counts_the_rows_that_fail_it(session: PostgresSession, filled: BoundDataSet, case: str) -> None:
    declared, expected = TESTED[case]
    columns = (Column.model_validate({"type": "text", **declared}),)
    assert list(map(str, session.violations(replace(filled, columns=columns)))) == expected


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1; DROP TABLE raw.users", "is more than one statement; expected one SELECT"),
        ("SELECT 1) AS t; COMMIT; DROP TABLE raw.users; --", r"has a `\)` without its `\(`"),
        ("SELECT '1') AS t; COMMIT; DROP TABLE raw.users; --'", r"has a `\)` without its `\(`"),
        ("SELECT /* /* */ ; */ 1 /*", r"has a /\* that does not end"),
        ("SELECT 'open", "has a ' that does not end"),
        ("SELECT $a$ ; $b$ ; DROP TABLE raw.users", "is more than one statement"),
        ("INSERT INTO raw.users VALUES (3, 'eve') RETURNING id", "is INSERT; expected one SELECT"),
        ("WITH x AS (DELETE FROM raw.users RETURNING id) SELECT * FROM x", "cannot run: "),
        ("-- nothing", "is nothing; expected one SELECT"),
        ("SELECT nextval('numbers')", "cannot run: .*read-only"),
        ("SELEC 1", "is SELEC; expected one SELECT"),
        ("SELECT none FROM raw.users", 'cannot run: column "none" does not exist'),
    ],
)
def test_an_sql_test_is_one_select_that_writes_nothing(
    session: PostgresSession, filled: BoundDataSet, database: Database, sql: str, message: str
) -> None:
    database.execute("CREATE SEQUENCE numbers")
    before = session.describe(filled.place)
    test = Test.model_validate({"sql": sql})
    with pytest.raises(StoreError, match=message):
        list(session.violations(replace(filled, tests=(test,))))
    assert session.describe(filled.place) == before
    session.alter(filled, (), MARK)  # it can be written again


# Servers.


def test_without_its_driver_the_error_names_the_extra(kit: TechnologyKit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "datakit_iac.technologies.postgres.session", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    expected = r"driver that is not installed \(psycopg\): pip install 'datakit-iac\[postgres\]'"
    with pytest.raises(StoreError, match=expected), Postgres().open(kit.connection):
        pass
    assert Postgres().check(kit.connection) == []


def test_a_database_is_missing_though_its_server_is_there(kit: TechnologyKit) -> None:
    expected = "there is no database test_.* on 127.0.0.1; let its Store make it"
    with pytest.raises(StoreMissingError, match=expected), Postgres().open(kit.connection):
        pass


@pytest.mark.parametrize(
    ("options", "password", "message"),
    [
        ({"port": 1}, None, "Connection refused; is the server running, and do `host` and `port` name it"),
        ({"host": "nowhere.invalid"}, None, "do `host` and `port` name it"),
        ({}, "hunter2", "password authentication failed for user .test.; correct `user` and the secret `password`"),
        (
            {"sslmode": "require"},
            None,
            "does not support SSL.*the server has no TLS: turn it on there, or lower `sslmode`",
        ),
    ],
)
def test_a_server_that_cannot_be_reached_is_one_sentence_without_the_password(
    kit: TechnologyKit, options: dict[str, object], password: str | None, message: str
) -> None:
    secrets = {"password": Secret(password)} if password else kit.connection.secrets
    wrong = Connection("postgres", {**kit.connection.options, **options}, secrets)
    with pytest.raises(StoreError, match=message) as refused, Postgres().open(wrong, create=True):
        pass
    assert not isinstance(refused.value, StoreMissingError)
    assert "\n" not in str(refused.value)
    assert secrets["password"].reveal() not in str(refused.value)
