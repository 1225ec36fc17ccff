"""DuckDB alone: types, alterations, tests of a contract, views, and files that another process holds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import NAMES, DataType
from datakit_iac.technologies.duckdb.factory import DuckDB
from datakit_iac.technologies.duckdb.session import DuckDBSession, connect
from datakit_iac.technologies.evolution import Change, plan
from datakit_iac.technologies.technology import FailedTest, StoreError
from datakit_iac.testing import MARK, TechnologyKit
from tests.technologies.kits import column, duckdb_kit

TYPES = [
    *NAMES,
    "decimal(38,10)",
    "decimal(1,0)",
    "string(10)",
    "array<text>",
    "array<decimal(4,1)>",
    "array<array<int>>",
]


@pytest.fixture
def kit(tmp_path: Path) -> TechnologyKit:
    return duckdb_kit(tmp_path)


@pytest.fixture
def database(kit: TechnologyKit) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(kit.connection.options["path"])) as made:
        yield made


@pytest.fixture
def session(database: duckdb.DuckDBPyConnection) -> DuckDBSession:
    return DuckDBSession(database)


# Types.


@pytest.mark.parametrize("spelling", TYPES)
def test_every_type_is_read_back_as_its_canonical_one(
    session: DuckDBSession, kit: TechnologyKit, spelling: str
) -> None:
    declared = DataType.parse(spelling)
    session.create(kit.dataset(columns=(Column(name="c", type=declared),)), MARK)
    live = session.describe(kit.place("users"))
    assert live is not None
    assert live.columns[0].type == DuckDB().canonical(declared)


@pytest.mark.parametrize("spelling", TYPES)
def test_the_canonical_type_is_its_own_canonical_type(spelling: str) -> None:
    canonical = DuckDB().canonical(DataType.parse(spelling))
    assert DuckDB().canonical(canonical) == canonical


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("UTINYINT", "smallint"),
        ("HUGEINT", "decimal(38,0)"),
        ("INTEGER[3]", "array<integer>"),
        ("STRUCT(a INT)", "string"),
    ],
)
def test_types_that_only_duckdb_has_are_read_as_what_holds_them(
    session: DuckDBSession, database: duckdb.DuckDBPyConnection, spelling: str, expected: str
) -> None:
    database.execute(f"CREATE TABLE t (c {spelling})")
    live = session.describe(Place(table="t"))
    assert live is not None
    assert str(live.columns[0].type) == expected


# Alterations.


def altered(session: DuckDBSession, dataset: BoundDataSet, *columns: Column) -> tuple[Change, ...]:
    """Bring a table to these columns; what is still to do after."""
    live = session.describe(dataset.place)
    assert live is not None
    wanted = replace(dataset, columns=columns)
    session.alter(wanted, plan(live.columns, columns, canonical=DuckDB().canonical), MARK)
    after = session.describe(dataset.place)
    assert after is not None
    return plan(after.columns, columns, canonical=DuckDB().canonical)


def test_a_table_is_found_whatever_the_case_of_its_name(
    session: DuckDBSession, database: duckdb.DuckDBPyConnection
) -> None:
    database.execute("CREATE TABLE Users (Id INTEGER)")
    live = session.describe(Place(table="main.users"))
    assert live is not None
    assert [each.name for each in live.columns] == ["Id"]


def test_columns_of_loaders_are_no_part_of_the_schema_nor_of_the_fingerprint(
    session: DuckDBSession, kit: TechnologyKit, database: duckdb.DuckDBPyConnection
) -> None:
    session.create(kit.dataset(), MARK)
    database.execute("ALTER TABLE raw.users ADD COLUMN _cq_sync_time TIMESTAMP")
    database.execute("INSERT INTO raw.users VALUES (1, 'ann', '2026-01-01')")
    before = session.data_version(kit.dataset())
    database.execute("UPDATE raw.users SET _cq_sync_time = '2026-01-02'")
    assert session.data_version(kit.dataset()) == before
    live = session.describe(kit.place("users"))
    assert live is not None
    assert [each.name for each in live.columns] == ["id", "name"]


# Views, which a tool may put in a table's place.


@pytest.fixture
def view(session: DuckDBSession, kit: TechnologyKit, database: duckdb.DuckDBPyConnection) -> BoundDataSet:
    database.execute("CREATE SCHEMA raw; CREATE VIEW raw.users AS SELECT 1::BIGINT AS id, 'ann' AS name")
    return kit.dataset()


def test_a_view_is_described_and_marked(session: DuckDBSession, view: BoundDataSet) -> None:
    columns = (column("id", "bigint", nullable=False, description="The key."), column("name"))
    remaining = altered(session, view, *columns)
    live = session.describe(view.place)
    assert live is not None
    assert (live.mark, live.is_empty, live.columns[0].description) == (MARK, False, "The key.")
    assert [change.kind for change in remaining] == ["require"]


def test_a_view_is_renamed_found_and_dropped(session: DuckDBSession, view: BoundDataSet) -> None:
    session.rename(view.place, "users__trash_1")
    assert session.describe(view.place) is None
    assert session.places("__trash_") == [Place(table="raw.users__trash_1")]
    session.drop(Place(table="raw.users__trash_1"))
    assert session.places("users") == []


def test_a_view_is_left_to_what_made_it(session: DuckDBSession, view: BoundDataSet) -> None:
    before = session.describe(view.place)
    altered(session, view, column("id", "bigint"), column("name", description="Called so."), column("new"))
    after = session.describe(view.place)
    assert before is not None
    assert after is not None
    assert [each.name for each in after.columns] == [each.name for each in before.columns]
    assert after.is_view
    assert after.columns[1].description == "Called so."


def test_a_view_whose_table_has_changed_can_be_described(
    session: DuckDBSession, view: BoundDataSet, database: duckdb.DuckDBPyConnection
) -> None:
    database.execute("CREATE TABLE raw.t (a INTEGER); CREATE VIEW raw.v AS SELECT a FROM raw.t; DROP TABLE raw.t")
    live = session.describe(Place(table="raw.v"))
    assert live is not None
    assert (live.is_view, live.is_empty, [each.name for each in live.columns]) == (True, True, ["a"])
    with pytest.raises(duckdb.Error):
        session.data_version(replace(view, place=Place(table="raw.v"), columns=()))


# Tests of a contract.

NOW = datetime.now(UTC)
TESTED: dict[str, tuple[dict[str, object], list[str]]] = {
    "unique": ({"name": "id", "tests": ["unique"]}, ["unique(id): 1 row"]),
    "unique of what is": ({"name": "name", "tests": ["unique"]}, []),
    "not_null": ({"name": "name", "tests": ["not_null"]}, ["not_null(name): 1 row"]),
    "not nullable": ({"name": "name", "nullable": False}, ["not_null(name): 1 row"]),
    "not_null of what is": ({"name": "id", "tests": ["not_null"]}, []),
    "primary key": ({"name": "id", "primaryKey": True}, ["unique(id): 1 row"]),
    "accepted texts": (
        {"name": "name", "tests": [{"accepted_values": {"values": ["ann", "o'hara"]}}]},
        ["accepted_values(name): 1 row"],
    ),
    "accepted numbers": ({"name": "id", "type": "bigint", "tests": [{"accepted_values": {"values": [1, 2, "3"]}}]}, []),
    "accepted truths": ({"name": "ok", "type": "boolean", "tests": [{"accepted_values": {"values": [True]}}]}, []),
    "accepted decimals": (
        {"name": "price", "type": "decimal(5,2)", "tests": [{"accepted_values": {"values": [1.5, None]}}]},
        [],
    ),
    "row_count in bounds": ({"name": "id", "tests": [{"row_count": {"min": 4, "max": 4}}]}, []),
    "row_count below": ({"name": "id", "tests": [{"row_count": {"min": 5}}]}, ["row_count(id): 4 rows"]),
    "row_count above": ({"name": "id", "tests": [{"row_count": {"max": 3}}]}, ["row_count(id): 4 rows"]),
    "sql": ({"name": "id", "tests": [{"sql": "SELECT * FROM {{ this }} WHERE id > 2; "}]}, ["sql(id): 1 row"]),
    "sql with a comment": ({"name": "id", "tests": [{"sql": "SELECT * FROM {{ this }} WHERE id > 3 -- none"}]}, []),
    "fresh": ({"name": "at", "tests": [{"freshness": {"column": "at", "max_age": "2h"}}]}, []),
    "stale": ({"name": "at", "tests": [{"freshness": {"column": "at", "max_age": "30m"}}]}, ["freshness(at): 4 rows"]),
    "fresh with a time zone": ({"name": "tz", "tests": [{"freshness": {"column": "tz", "maxAge": "2h"}}]}, []),
    "stale with a time zone": (
        {"name": "tz", "tests": [{"freshness": {"column": "tz", "maxAge": "30m"}}]},
        ["freshness(tz): 4 rows"],
    ),
    "fresh day": ({"name": "day", "tests": [{"freshness": {"column": "day", "maxAge": "2d"}}]}, []),
    "never filled": ({"name": "never", "tests": [{"freshness": {"column": "never", "maxAge": "2d"}}]}, ["freshness(never): 4 rows"]),  # noqa: E501
    "relationships": (
        {"name": "id", "tests": [{"relationships": {"to": "keys", "field": "key", "table": "raw.keys"}}]},
        ["relationships(id): 2 rows"],
    ),
    "relationships of what is empty": (
        {"name": "never", "tests": [{"relationships": {"to": "keys", "field": "day", "table": "raw.keys"}}]},
        [],
    ),
}  # fmt: skip


@pytest.fixture
def filled(session: DuckDBSession, kit: TechnologyKit, database: duckdb.DuckDBPyConnection) -> BoundDataSet:
    database.execute("CREATE SCHEMA raw")
    database.execute(
        'CREATE TABLE raw.users (id BIGINT, name VARCHAR, ok BOOLEAN, price DECIMAL(5,2), "at" TIMESTAMP,'
        " tz TIMESTAMPTZ, day DATE, never DATE)"
    )
    before = NOW - timedelta(hours=1)
    for key, name in ((1, "ann"), (2, "bob"), (2, "o'hara"), (3, None)):
        values = [key, name, True, "1.50", before.replace(tzinfo=None), before, NOW.date(), None]
        database.execute("INSERT INTO raw.users VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
    database.execute("CREATE TABLE raw.keys AS SELECT unnest([1, 3, NULL]) AS key, DATE '2026-01-01' AS day")
    return kit.dataset()


@pytest.mark.parametrize("case", TESTED)
def test_a_test_counts_the_rows_that_fail_it(session: DuckDBSession, filled: BoundDataSet, case: str) -> None:
    declared, expected = TESTED[case]
    columns = (Column.model_validate({"type": "text", **declared}),)
    assert list(map(str, session.violations(replace(filled, columns=columns)))) == expected


def test_a_primary_key_of_several_columns_is_unique_together(session: DuckDBSession, filled: BoundDataSet) -> None:
    columns = (column("id", "bigint", primaryKey=True), column("name", primaryKey=True))
    assert session.violations(replace(filled, columns=columns)) == [FailedTest("not_null", "name", 1)]


def test_tests_of_the_whole_name_the_dataset(session: DuckDBSession, filled: BoundDataSet) -> None:
    tests = (Test.model_validate({"row_count": {"min": 9}}),)
    assert session.violations(replace(filled, columns=(), tests=tests)) == [FailedTest("row_count", "users", 4)]


def test_an_empty_table_is_not_fresh_and_counts_at_least_one(session: DuckDBSession, kit: TechnologyKit) -> None:
    dataset = kit.dataset(
        columns=(column("at", "timestamp"),),
        tests=(Test.model_validate({"freshness": {"column": "at", "maxAge": "1d"}}),),
    )
    session.create(dataset, MARK)
    assert session.violations(dataset) == [FailedTest("freshness", "at", 1)]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1; DROP TABLE raw.users", "is SELECT and DROP; expected one SELECT"),
        ("SELECT 1) AS t; DROP TABLE raw.users; --", "cannot run: Parser Error"),
        ("INSERT INTO raw.users VALUES (3, 'eve') RETURNING id", "is INSERT; expected one SELECT"),
        ("-- nothing", "is nothing; expected one SELECT"),
        ("SELECT nextval('numbers')", "cannot run: .*read-only"),
        ("SELECT * FROM read_csv('/etc/passwd')", r"calls read_csv\(\); expected tables of this database"),
        ("SELECT * FROM '/etc/passwd'", "reads '/etc/passwd'; expected tables of this database"),
        ("SELECT id FROM {{ this }} WHERE EXISTS (FROM 'b.parquet')", "reads 'b.parquet'"),
        ("WITH x AS (SELECT * FROM glob('*')) SELECT * FROM x", r"calls glob\(\)"),
        ("SELECT * FROM query('SELECT 1')", r"calls query\(\)"),
        ("PIVOT raw.users ON id USING count(*)", "expected one SELECT|without PIVOT"),
    ],
)
def test_an_sql_test_is_one_select_that_writes_nothing_and_reads_no_file(
    session: DuckDBSession, filled: BoundDataSet, database: duckdb.DuckDBPyConnection, sql: str, message: str
) -> None:
    database.execute("CREATE SEQUENCE numbers")
    before = session.describe(filled.place)
    test = Test.model_validate({"sql": sql})
    with pytest.raises(StoreError, match=message):
        list(session.violations(replace(filled, tests=(test,))))
    assert session.describe(filled.place) == before


def test_a_view_of_a_file_is_tested_like_a_table(
    session: DuckDBSession, filled: BoundDataSet, database: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    database.execute(f"COPY (SELECT 1 AS id) TO '{tmp_path}/v.parquet'")
    database.execute(f"CREATE VIEW raw.v AS SELECT * FROM '{tmp_path}/v.parquet'")
    tests = (Test.model_validate({"sql": "SELECT id FROM {{ this }} WHERE id > 0"}),)
    dataset = replace(filled, place=Place(table="raw.v"), columns=(column("id", "int", nullable=False),), tests=tests)
    assert [str(each) for each in session.violations(dataset)] == ["sql(users): 1 row"]
    assert session.data_version(dataset)


def test_a_table_can_be_written_after_its_tests(session: DuckDBSession, filled: BoundDataSet) -> None:
    session.violations(filled)
    altered(session, filled, column("id", "bigint"), column("name"), column("new"))


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ({"sql": "SELEC 1"}, r"test sql\(name\) of users cannot run: Parser Error"),
        (
            {"freshness": {"column": "nothing", "maxAge": "1d"}},
            r"test freshness\(nothing\) of users cannot run: Binder",
        ),
        ({"relationships": {"to": "keys", "field": "key"}}, "does not say in which table of this Store keys is"),
    ],
    ids=["sql", "freshness", "relationships"],
)
def test_a_test_that_cannot_run_is_an_error_and_never_passed_over(
    session: DuckDBSession, filled: BoundDataSet, test: object, message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        session.violations(replace(filled, columns=(column("name", tests=[test]),)))


def test_a_test_of_the_whole_that_needs_a_column_is_an_error(session: DuckDBSession, filled: BoundDataSet) -> None:
    with pytest.raises(StoreError, match="only one column can have"):
        session.violations(replace(filled, columns=(), tests=(Test(unique=True),)))


# The file.


def test_a_file_that_another_process_holds_names_its_process(kit: TechnologyKit, tmp_path: Path) -> None:
    path = str(kit.connection.options["path"])
    code = f"import duckdb, sys; c = duckdb.connect({path!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(StoreError, match=f"is held by process {holder.pid} "), connect(Path(path), 0.1):
            pass
        holder.communicate()
    with connect(Path(path), 0.1):
        pass


def test_a_file_is_waited_for(kit: TechnologyKit) -> None:
    path = str(kit.connection.options["path"])
    code = f"import duckdb, time; c = duckdb.connect({path!r}); print('held', flush=True); time.sleep(0.3)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with connect(Path(path), 10):
            pass


def test_what_is_no_duckdb_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "no.duckdb"
    path.write_text("this is not a database, " * 1000)
    with pytest.raises(StoreError, match="cannot be opened as a DuckDB file"), connect(path):
        pass


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StoreError, match=r"the folder of DuckDB file .* cannot be made"),
        connect(tmp_path / "file/x/y"),
    ):
        pass
