"""The destination on its own: migrations, write modes, keys, and what a failure leaves."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb.cloudquery.load import Load
from datakit_iac.technologies.duckdb.cloudquery.spec import DuckDBSpec
from tests.cloudquery.stores import FIRST, KINDS, DuckDBStore, Rows, SnowflakeStore, Store


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return KINDS[request.param](tmp_path)


@pytest.fixture(params=["duckdb", "postgres"])
def transactional(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A database in which a transaction takes in whatever changes a table, too."""
    return KINDS[request.param](tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> DuckDBStore:
    return DuckDBStore(tmp_path)


def rows(*ids: int, v: str = "x") -> Rows:
    return [{"id": number, "v": v} for number in ids]


COLUMNS = {"id": "integer", "v": "string"}


def test_a_table_of_our_own_keeps_comments_and_constraints(store: Store) -> None:
    store.sql("CREATE SCHEMA raw; CREATE TABLE raw.t (id INTEGER NOT NULL, v VARCHAR, PRIMARY KEY (id))")
    store.sql("COMMENT ON TABLE raw.t IS 'ours'; COMMENT ON COLUMN raw.t.v IS 'a value'")

    for _ in range(2):
        store.sync(COLUMNS, rows(1, 2), ["id"])

    assert store.sql("SELECT id, v FROM raw.t ORDER BY id") == [(1, "x"), (2, "x")]
    assert store.comment("raw.t") == "ours"
    assert store.columns("raw.t") == [
        ("id", None, False),
        ("v", "a value", True),
        ("_cq_sync_time", None, True),
        ("_cq_source_name", None, True),
    ]


def test_columns_are_added_and_widened(store: Store) -> None:
    store.sync(COLUMNS, rows(1))
    store.sync({"id": "bigint", "v": "string", "n": "double"}, [{"id": 1 << 40, "v": "y", "n": 0.5}])

    assert store.sql("SELECT id, v, n FROM raw.t") == [(1 << 40, "y", 0.5)]


def test_a_column_that_is_wider_already_takes_the_rows(store: Store) -> None:
    store.sql("CREATE SCHEMA raw; CREATE TABLE raw.t (id BIGINT, v VARCHAR)")
    store.sync(COLUMNS, rows(1))

    assert store.sql("SELECT id FROM raw.t") == [(1,)]


def test_another_change_is_refused_with_the_ways_out(store: Store) -> None:
    store.sync(COLUMNS, rows(1))

    with pytest.raises(PluginFault) as fault:
        store.sync({"id": "integer", "v": "date"}, [])

    assert "raw.t.v is string, the source sends date" in str(fault.value)
    assert ("migrate_mode: forced" in str(fault.value)) is not isinstance(store, SnowflakeStore)
    assert store.sql("SELECT id, v FROM raw.t") == [(1, "x")]


def test_a_forced_change_says_what_was_lost(transactional: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store = transactional
    store.sync(COLUMNS, [{"id": 1, "v": "2020-01-01"}, {"id": 2, "v": "x"}])
    store.sql("COMMENT ON COLUMN raw.t.id IS 'kept'")
    store.sync({"id": "integer", "v": "date"}, [], force=True, stale=False)

    assert store.sql("SELECT id, v::VARCHAR FROM raw.t ORDER BY id") == [(1, "2020-01-01"), (2, None)]
    assert "raw.t.v: 1 values were no date and were lost" in capsys.readouterr().out
    assert ("id", "kept", True) in store.columns("raw.t")


def test_a_required_column_that_nothing_fills_is_refused(store: Store) -> None:
    store.sql("CREATE SCHEMA raw; CREATE TABLE raw.t (id INTEGER, v VARCHAR, w INTEGER NOT NULL)")

    with pytest.raises(PluginFault, match=r"raw\.t\.w is required, but the source sends no such column"):
        store.sync(COLUMNS, rows(1))


@pytest.mark.parametrize("key", [[], ["id"]])
def test_stale_rows_go_and_rows_of_other_sources_stay(
    store: Store, capsys: pytest.CaptureFixture[str], key: list[str]
) -> None:
    store.sql("CREATE SCHEMA raw; CREATE TABLE raw.t (id INTEGER, v VARCHAR); INSERT INTO raw.t VALUES (90, 'by hand')")
    store.sync(COLUMNS, rows(70, v="other"), key, source="other")
    store.sync(COLUMNS, rows(1, 2), key)
    store.sync(COLUMNS, rows(2, 3, v="y"), key)

    assert store.sql("SELECT id, v FROM raw.t ORDER BY id") == [(2, "y"), (3, "y"), (70, "other"), (90, "by hand")]
    told = capsys.readouterr().out
    assert "1 rows from the source 'other' were kept" in told
    assert "1 rows that no source wrote were kept" in told


def test_overwrite_replaces_by_key_and_keeps_the_rest(store: Store) -> None:
    store.sync(COLUMNS, rows(1, 2), ["id"], stale=False)
    store.sync(COLUMNS, rows(2, 3, v="y"), ["id"], stale=False, mode="overwrite")

    assert store.sql("SELECT id, v FROM raw.t ORDER BY id") == [(1, "x"), (2, "y"), (3, "y")]


def test_overwrite_without_a_key_is_refused(store: Store) -> None:
    with pytest.raises(PluginFault, match="has no primary key, so overwrite cannot tell which rows to replace"):
        store.sync(COLUMNS, rows(1), mode="overwrite")


def test_append_adds(store: Store) -> None:
    for _ in range(2):
        store.sync(COLUMNS, rows(1), stale=False)

    assert store.sql("SELECT id FROM raw.t") == [(1,), (1,)]


@pytest.mark.parametrize("is_constraint", [True, False])
def test_a_key_that_comes_twice_is_refused(store: Store, is_constraint: bool) -> None:
    constraint = ", PRIMARY KEY (id)" if is_constraint else ""
    store.sql(f"CREATE SCHEMA raw; CREATE TABLE raw.t (id INTEGER, v VARCHAR{constraint})")

    with pytest.raises(PluginFault, match="come twice" if is_constraint else "2 rows with the primary key id=1"):
        store.sync(COLUMNS, rows(1, 1), ["id"])

    assert store.sql("SELECT * FROM raw.t") == []


def test_every_type_arrives(transactional: Store) -> None:
    columns = {"j": "json", "u": "uuid", "d": "decimal(10,2)", "a": "array<integer>", "b": "binary", "z": "timestamptz"}
    u = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    row = {
        "j": b'{"a":1}',
        "u": bytes.fromhex(u.replace("-", "")),
        "d": Decimal("1.00"),
        "a": [1, 2],
        "b": b"\x00",
        "z": FIRST,
    }
    schema = [wire.field(name, to_arrow(DataType.parse(kind))) for name, kind in columns.items()]
    arrays = [
        pa.ExtensionArray.from_storage(field.type, pa.array([row[field.name]], field.type.storage_type))
        if isinstance(field.type, pa.ExtensionType)
        else pa.array([row[field.name]], field.type)
        for field in schema
    ]
    table = wire.table_schema("t", schema)
    load = transactional.load()
    load.migrate(wire.encode_schema(table), force=False)
    load.insert(wire.encode_batch(pa.RecordBatch.from_arrays(arrays, schema=table)))
    load.finish()
    load.commit()

    assert transactional.sql("SELECT j->>'a', u::VARCHAR, d::VARCHAR, a, b::VARCHAR, z::VARCHAR FROM t") == [
        ("1", u, "1.00", [1, 2], "\\x00", "2026-01-01 00:00:00+00")
    ]


@pytest.mark.parametrize("until", ["insert", "idle", "delete_stale", "finish"])
def test_nothing_changes_before_the_commit(store: Store, until: str) -> None:
    store.sync(COLUMNS, rows(1, 2))
    load = store.begin({**COLUMNS, "new": "integer"}, rows(3))
    steps = ["insert", "idle", "delete_stale", "finish"]
    for step in steps[1 : steps.index(until) + 1]:
        load.delete_stale("raw.t", "src", store.now.replace(tzinfo=None)) if step == "delete_stale" else getattr(
            load, step
        )()
    load.abandon()

    assert store.sql("SELECT id, v FROM raw.t ORDER BY id") == [(1, "x"), (2, "x")]
    if not isinstance(store, SnowflakeStore):  # where a column is there for good, once it is added
        assert "new" not in [name for name, *_ in store.columns("raw.t")]


def test_a_sync_whose_stale_rows_go_in_some_tables_only_is_refused(store: Store) -> None:
    load = store.begin(COLUMNS, rows(1))
    load.delete_stale("raw.t", "src", store.now.replace(tzinfo=None))
    load.migrate(wire.encode_schema(wire.table_schema("raw.u", [wire.field("id", pa.int32())])), force=False)

    with pytest.raises(PluginFault, match=r"before the stale rows of raw\.u were to go"):
        load.finish()
    load.abandon()


def test_a_file_that_another_process_holds_is_waited_for_and_its_holder_named(file: DuckDBStore) -> None:
    file.sync(COLUMNS, rows(1))
    code = f"import duckdb, sys; c = duckdb.connect({str(file.path)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(PluginFault, match=rf"is held by process {holder.pid} .*after 0\.2 s of waiting"):
            file.sync(COLUMNS, rows(2))
        holder.communicate()
    file.sync(COLUMNS, rows(2))

    assert file.sql("SELECT id FROM raw.t") == [(2,)]


def test_what_is_no_duckdb_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    path.write_text("hello" * 2000)

    with pytest.raises(PluginFault, match="cannot be opened as a DuckDB file"):
        Load(DuckDBSpec(path))
