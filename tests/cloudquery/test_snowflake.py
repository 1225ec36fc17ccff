"""Snowflake's emulator alone: every value arrives as it was sent, and a load may end at any of its statements."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector
from cloudquery.sdk.types import JSONType

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.ownership import Attempt, Mark
from datakit_iac.technologies.snowflake.cloudquery.conversion import Incoming, write
from datakit_iac.technologies.snowflake.cloudquery.database import SnowflakeDatabase
from datakit_iac.technologies.sql.loading.database import RefusedError
from datakit_iac.technologies.sql.loading.spec import Check, OutputSpec
from tests.cloudquery.stores import SnowflakeStore
from tests.cloudquery.test_postgres import TYPES, array, value

COLUMNS = {"id": "bigint", "v": "string"}
MARK = Mark("shop/dev", "users", "1f")


@pytest.fixture
def store(tmp_path: Path) -> SnowflakeStore:
    made = SnowflakeStore(tmp_path)
    made.sql("CREATE SCHEMA raw")
    return made


def test_random_values_of_every_type_arrive(store: SnowflakeStore) -> None:
    chosen = random.Random(11)
    kinds = {name: DataType.parse(kind) for name, kind in TYPES.items() if kind != "float"}
    values = {name: [value(chosen, kind) for _ in range(200)] for name, kind in kinds.items()}
    columns = {name: array(kind, values[name]) for name, kind in kinds.items()}
    columns["id"] = pa.array(range(200), pa.int64())
    schema = wire.table_schema("raw.t", [pa.field(name, each.type) for name, each in columns.items()])
    load = store.load()
    load.migrate(wire.encode_schema(schema), force=False)
    load.insert(wire.encode_batch(pa.RecordBatch.from_arrays([*columns.values()], schema=schema)))
    load.finish()
    load.commit()
    names = [name for name, kind in kinds.items() if kind.element is None]
    got = store.sql(f"SELECT {', '.join(names)} FROM raw.t ORDER BY id")
    for number, name in enumerate(names):
        found = [row[number] for row in got]
        if name == "j":
            found = [each and json.loads(each) for each in found]
        assert found == [_shown(kinds[name], each) for each in values[name]], name
    arrays = [None if each is None else json.loads(each) for (each,) in store.sql("SELECT ai FROM raw.t ORDER BY id")]
    assert arrays == values["ai"]


def _shown(kind: DataType, sent: Any) -> Any:
    """A value as the connector gives it."""
    if sent is None:
        return None
    if kind.name == "uuid":
        return str(UUID(bytes=sent))
    if kind.name == "json":
        return json.loads(sent)
    return sent


def test_what_no_parquet_type_holds_is_text_that_snowflake_reads_as_its_own(tmp_path: Path) -> None:
    columns = [Incoming("j", "VARIANT"), Incoming("a", "ARRAY"), Incoming("t", "TIME"), Incoming("n", "NUMBER(38,0)")]
    assert [each.definition for each in columns] == ['"J" VARCHAR', '"A" VARCHAR', '"T" VARCHAR', '"N" NUMBER(38,0)']
    assert [each.value for each in columns] == [
        'PARSE_JSON("J") AS "J"',
        'PARSE_JSON("A")::ARRAY AS "A"',
        '"T"::TIME AS "T"',
        '"N"',
    ]
    documents = pa.ExtensionArray.from_storage(JSONType(), pa.array([b'{"a":1}']))
    arrays = [documents, pa.array([[1, None]]), pa.array([3_600_000_001], pa.time64("us"))]
    batch = pa.RecordBatch.from_arrays([*arrays, pa.array([1 << 63], pa.uint64())], names=["j", "a", "t", "n"])
    assert write(tmp_path / "x.parquet", [batch, batch], columns, "raw.t") == 2
    (first, _) = pq.read_table(tmp_path / "x.parquet").to_pylist()
    assert {name: str(each) for name, each in first.items()} == {
        "J": '{"a":1}',
        "A": "[1, null]",
        "T": "01:00:00.000001",
        "N": str(1 << 63),
    }


def attempt(store: SnowflakeStore, table: str, mode: str, run: str, *ids: int) -> None:
    """One execution of the Transform `load` into a table of ours."""
    check = Check("unique", "id", f"SELECT count(*) - count(DISTINCT id) FROM {table}")
    outputs = {table: OutputSpec("users", ("load",), (check,))}
    rows = [{"id": each, "v": run} for each in ids]
    stale = mode == "overwrite-delete-stale"
    said: dict[str, Any] = {"mode": mode, "source": "load", "run": run, "outputs": outputs, "stale": stale}
    store.sync(COLUMNS, rows, table=table, **said)


def verified(store: SnowflakeStore, table: str) -> None:
    """What the provider does once the outputs keep their contracts."""
    comment = store.comment(table) or ""
    description, mark = Mark.split(comment)
    assert mark is not None
    (last,) = mark.runs
    told = mark.written_by(Attempt(last.transform, last.run, last.time))
    store.sql(f"COMMENT ON TABLE {table} IS '{told.append_to(description)}'")


@pytest.mark.parametrize(("mode", "left"), [("append", [1, 2, 3, 4]), ("overwrite-delete-stale", [3, 4])])
def test_a_load_that_ends_at_any_statement_and_is_tried_again_doubles_and_loses_nothing(
    store: SnowflakeStore, monkeypatch: pytest.MonkeyPatch, mode: str, left: list[int]
) -> None:
    run = SnowflakeDatabase._run
    ended, number = 0, 0
    while number == 0 or ended:
        table = f"raw.t{number}"
        store.sql(f"CREATE TABLE {table} (id NUMBER(38,0), v VARCHAR) COMMENT = '{MARK.append_to('All.')}'")
        attempt(store, table, mode, "1a", 1, 2)
        verified(store, table)
        sent = ended = 0

        def cut(self: SnowflakeDatabase, sql: str, doing: str = "", last: int = number) -> Any:
            nonlocal sent, ended
            writes = sql.startswith(("BEGIN", "DELETE", "INSERT", "COMMIT", "COMMENT", "COPY"))
            if sql != "ROLLBACK" and (ended or (writes and sent == last)):  # the server rolls back what is left open
                ended = 1
                raise RefusedError("the connection was lost")
            sent += writes
            return run(self, sql, doing)

        with monkeypatch.context() as patched, suppress(PluginFault):
            patched.setattr(SnowflakeDatabase, "_run", cut)
            attempt(store, table, mode, "2b", 3, 4)
        between = [each for (each,) in store.sql(f"SELECT id FROM {table} ORDER BY id")]
        assert between in ([1, 2], left), f"half of a load after {number} statements"
        attempt(store, table, mode, "2b", 3, 4)
        assert [each for (each,) in store.sql(f"SELECT id FROM {table} ORDER BY id")] == left
        description, mark = Mark.split(store.comment(table))
        assert mark is not None
        assert (description, [(each.transform, each.run) for each in mark.runs]) == ("All.", [("load", "2b")])
        number += 1
    assert number > 6


def test_a_test_that_fails_leaves_rows_and_mark_as_they_were(store: SnowflakeStore) -> None:
    store.sql(f"CREATE TABLE raw.t (id NUMBER(38,0), v VARCHAR) COMMENT = '{MARK.append_to('All.')}'")
    attempt(store, "raw.t", "append", "1a", 1, 2)
    verified(store, "raw.t")
    before = store.comment("raw.t")
    with pytest.raises(PluginFault, match=r"users: unique\(id\): 1 row"):
        attempt(store, "raw.t", "append", "2b", 2)
    assert store.sql("SELECT id, v FROM raw.t ORDER BY id") == [(1, "1a"), (2, "1a")]
    assert store.comment("raw.t") == before


def test_no_transaction_is_open_while_rows_come(store: SnowflakeStore) -> None:
    store.sync(COLUMNS, [{"id": 1, "v": "x"}])
    load = store.begin(COLUMNS, [{"id": 2, "v": "y"}])
    load.idle()
    store.sql("UPDATE raw.t SET v = 'by hand'")
    load.abandon()
    assert store.sql("SELECT id, v FROM raw.t") == [(1, "by hand")]


def test_what_does_not_fit_is_refused_and_who_is_not_let_in_is_told(store: SnowflakeStore) -> None:
    store.sql("CREATE TABLE raw.t (id NUMBER(38,0), v VARCHAR NOT NULL)")
    with pytest.raises(PluginFault, match="NOT NULL"):
        store.sync(COLUMNS, [{"id": 1, "v": None}])
    assert store.sql("SELECT * FROM raw.t") == []
    store.connection["password"] = "hunter2-planted"
    with pytest.raises(PluginFault, match="correct `user` and the secret `password`") as fault:
        store.load()
    assert "hunter2" not in str(fault.value)
    assert isinstance(fault.value.__cause__, snowflake.connector.Error)
