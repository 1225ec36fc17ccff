"""Postgres alone: every value arrives as it was sent or is refused, a snapshot is read, faults are named."""

from __future__ import annotations

import random
import string
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.postgres.cloudquery.source import PostgresSource
from datakit_iac.technologies.postgres.cloudquery.spec import SourceSpec
from datakit_iac.technologies.sql.loading.spec import Check, OutputSpec
from tests.cloudquery.stores import PostgresStore

ROWS = 300
TYPES = {
    "bo": "boolean",
    "i2": "smallint",
    "i4": "integer",
    "i8": "bigint",
    "f4": "float",
    "f8": "double",
    "n": "decimal(20,4)",
    "s": "string",
    "b": "binary",
    "d": "date",
    "t": "time",
    "ts": "timestamp",
    "tz": "timestamptz",
    "j": "json",
    "u": "uuid",
    "ai": "array<integer>",
    "as": "array<string>",
    "an": "array<decimal(9,2)>",
    "az": "array<timestamptz>",
    "au": "array<uuid>",
    "aj": "array<json>",
    "ab": "array<binary>",
}


@pytest.fixture
def store(tmp_path: Path) -> PostgresStore:
    made = PostgresStore(tmp_path)
    made.sql("CREATE SCHEMA raw")
    return made


def value(chosen: random.Random, data_type: DataType) -> Any:
    """A value as Arrow stores it: often an unusual one."""
    if chosen.random() < 0.1:
        return None
    if data_type.element is not None:
        return [value(chosen, data_type.element) for _ in range(chosen.randrange(4))]
    moment = datetime(1, 1, 1) + timedelta(microseconds=chosen.randrange(315_000_000_000_000_000))
    texts = string.ascii_letters + "é\"\\{},NULL \n\t'%$"
    match data_type.name:
        case "boolean":
            return chosen.random() < 0.5
        case "smallint" | "integer" | "bigint":
            bits = {"smallint": 15, "integer": 31, "bigint": 63}[data_type.name]
            return chosen.choice([-(1 << bits), (1 << bits) - 1, 0, chosen.randrange(1 << bits)])
        case "float" | "double":
            return chosen.choice([0.0, -0.5, float("inf"), 1.5e30, chosen.randrange(1 << 20) / 16])
        case "decimal":
            precision, scale = data_type.parameters
            return Decimal(chosen.randrange(-(10**precision) + 1, 10**precision)).scaleb(-scale)
        case "string":
            return "".join(chosen.choices(texts, k=chosen.randrange(12)))
        case "binary":
            return chosen.randbytes(chosen.randrange(5))
        case "date":
            return moment.date()
        case "time":
            return moment.time()
        case "timestamp":
            return moment
        case "timestamptz":
            return moment.replace(tzinfo=UTC)
        case "json":
            return chosen.choice([b'{"a": [1, null]}', b'"x"', b"12.50", b"null"])
    return UUID(int=chosen.getrandbits(128)).bytes


def array(data_type: DataType, values: list[Any]) -> pa.Array:
    arrow = to_arrow(data_type)
    stored = pa.array(values, _storage(arrow))
    if isinstance(arrow, pa.ExtensionType):
        return pa.ExtensionArray.from_storage(arrow, stored)
    return stored.cast(arrow)


def _storage(arrow: pa.DataType) -> pa.DataType:
    if pa.types.is_list(arrow):
        return pa.list_(_storage(arrow.value_type))
    return arrow.storage_type if isinstance(arrow, JSONType | UUIDType) else arrow


def loaded(store: PostgresStore, columns: dict[str, pa.Array], table: str = "raw.t") -> None:
    schema = wire.table_schema(table, [pa.field(name, each.type) for name, each in columns.items()])
    load = store.load()
    try:
        load.migrate(wire.encode_schema(schema), force=False)
        load.insert(wire.encode_batch(pa.RecordBatch.from_arrays([*columns.values()], schema=schema)))
        load.finish()
    except BaseException:
        load.abandon()
        raise
    load.commit()


def read(
    store: PostgresStore, table: str, columns: dict[str, str] | None = None, **more: Any
) -> Iterator[pa.RecordBatch]:
    declared = [{"name": name, "type": kind} for name, kind in (columns or {}).items()]
    tables = [{"name": "t", "connection": store.connection, "table": table, "columns": declared}]
    spec = SourceSpec.parse({"tables": tables})
    with closing(PostgresSource(spec)) as source:
        for data in source.batches():
            yield from wire.decode_batches(data)


def plain(found: Any, data_type: DataType) -> Any:
    """What psycopg gives, as Arrow stores it."""
    if data_type.element is not None and found is not None:
        return [plain(each, data_type.element) for each in found]
    return found.bytes if isinstance(found, UUID) else found


@pytest.mark.parametrize("seed", range(3))
def test_every_value_arrives_and_comes_back_as_it_was(store: PostgresStore, seed: int) -> None:
    chosen = random.Random(seed)
    types = {name: DataType.parse(kind) for name, kind in TYPES.items()}
    sent = {name: [value(chosen, each) for _ in range(ROWS)] for name, each in types.items()}

    loaded(store, {"id": pa.array(range(ROWS)), **{name: array(types[name], sent[name]) for name in types}})

    # By another driver than the one that wrote.
    casts = {"json": "::text", "float": "::float8"}
    names = ", ".join(f'"{name}"{casts.get(kind, "")}' for name, kind in TYPES.items())
    found = store.sql(f"SELECT {names} FROM raw.t ORDER BY id")
    for number, (name, data_type) in enumerate(types.items()):
        if data_type.name == "json" or data_type.element == DataType("json"):
            continue
        if data_type.name == "float":
            sent[name] = pa.array(sent[name], pa.float32()).to_pylist()
        assert [plain(row[number], data_type) for row in found] == sent[name], name
    jsons = [row[[*types].index("j")] for row in found]
    assert jsons == [each and each.decode() for each in sent["j"]]

    # And back by the source.
    back = pa.Table.from_batches(read(store, "raw.t", {"id": "bigint", **TYPES})).sort_by("id")
    for name, data_type in types.items():
        assert back[name].type == to_arrow(data_type)
        assert _stored(back[name]) == _stored(pa.chunked_array([array(data_type, sent[name])])), name


def _stored(column: pa.ChunkedArray) -> list[Any]:
    values: list[Any] = column.cast(_storage(column.type)).to_pylist()
    return values


def test_a_number_beyond_a_bigint_arrives(store: PostgresStore) -> None:
    loaded(store, {"n": pa.array([2**64 - 1, 0, None], pa.uint64())})

    assert store.sql("SELECT n FROM raw.t") == [(Decimal(2**64 - 1),), (Decimal(0),), (None,)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([1_700_000_000_000_000_001], pa.timestamp("ns")), "would lose data"),
        (pa.array([1], pa.time64("ns")), "would lose data"),
        (pa.array(["a\0b"]), "invalid byte sequence"),
        (pa.array([{"a": 1}]), "no counterpart in a table"),
    ],
    ids=["nanoseconds", "nanoseconds of a day", "a text with NUL", "a struct"],
)
def test_what_postgres_cannot_hold_is_refused(store: PostgresStore, values: pa.Array, message: str) -> None:
    with pytest.raises(PluginFault, match=message) as fault:
        loaded(store, {"v": values})

    assert "v" in str(fault.value)
    assert store.sql("SELECT to_regclass('raw.t')") == [(None,)]


def test_times_of_other_units_arrive(store: PostgresStore) -> None:
    loaded(
        store,
        {
            "ns": pa.array([1_700_000_000_000_001_000], pa.timestamp("ns")),
            "s": pa.array([1_700_000_000], pa.timestamp("s", tz="Europe/Berlin")),
            "d": pa.array([86_400_000], pa.date64()),
            "t": pa.array([61], pa.time32("s")),
            "l": pa.array(["x"], pa.large_string()),
        },
    )

    moment = datetime(2023, 11, 14, 22, 13, 20)
    assert store.sql("SELECT ns, s, d, t, l FROM raw.t") == [
        (moment.replace(microsecond=1), moment.replace(tzinfo=UTC), date(1970, 1, 2), time(0, 1, 1), "x")
    ]


@pytest.mark.parametrize("mode", ["", "overwrite", "overwrite-delete-stale"])
def test_odd_names_are_quoted(store: PostgresStore, mode: str) -> None:
    table, column = 'ra"w %s.T a"b', "Ünï \"q\" %s $1 'x'"
    for number in range(2):
        rows = [{"Id": each, column: number} for each in range(2)]
        options = {"table": table, "mode": mode, "source": "a'b", "stale": mode != "overwrite"}
        store.sync({"Id": "integer", column: "bigint"}, rows, ["Id"], **options)

    quoted = column.replace('"', '""')
    assert store.sql(f'SELECT "Id", "{quoted}" FROM "ra""w %s"."T a""b" ORDER BY 1') == [(0, 1), (1, 1)]
    assert [batch.to_pylist() for batch in read(store, table)] == [[{"Id": 0, column: 1}, {"Id": 1, column: 1}]]


def test_names_that_differ_in_case_are_two(store: PostgresStore) -> None:
    store.sql('CREATE TABLE raw.t ("ID" int)')
    store.sync({"id": "integer"}, [{"id": 1}])

    assert store.sql('SELECT "ID", id FROM raw.t') == [(None, 1)]


def test_a_column_that_rounds_is_not_written_to(store: PostgresStore) -> None:
    store.sql("CREATE TABLE raw.t (v timestamp(0) with time zone)")

    with pytest.raises(PluginFault, match=r"raw\.t\.v is timestamp\(0\) with time zone, the source sends timestamptz"):
        loaded(store, {"v": pa.array([datetime(2026, 1, 1, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))})


def test_a_text_that_is_too_long_is_refused(store: PostgresStore) -> None:
    store.sql("CREATE TABLE raw.t (v varchar(3))")

    with pytest.raises(PluginFault, match=r"value too long for type character varying\(3\) \(column v\)"):
        loaded(store, {"v": pa.array(["abc", "abcd"])})


@pytest.mark.parametrize(
    ("kind", "literal", "message"),
    [
        ("timestamptz", "infinity", "infinite"),
        ("timestamp", "-infinity", "infinite"),
        ("date", "infinity", "infinite"),
        ("timestamptz[]", "{2024-01-01,infinity}", "infinite"),
        ("time", "24:00", "24:00:00 is not a time of a day"),
        ("int[]", "{{1,2},{3,4}}", "several dimensions"),
        ("numeric", "NaN", "NaN"),
        ("numeric", "1e60", "does not fit|precision"),
        ("numeric", "0.12345678901234567890", "data loss|does not fit"),
    ],
)
def test_what_arrow_cannot_hold_is_refused(store: PostgresStore, kind: str, literal: str, message: str) -> None:
    store.sql(f"CREATE TABLE t (v {kind}); INSERT INTO t VALUES (NULL), ('{literal}')")

    with pytest.raises(PluginFault, match=message) as fault:
        [*read(store, "t")]
    assert str(fault.value).startswith("t.v: ")


def test_columns_are_widened_read_as_text_or_refused(store: PostgresStore) -> None:
    store.sql("CREATE TABLE t (i int, m money, e interval, x text); INSERT INTO t VALUES (1, 2, '1 day', 'x')")

    (batch,) = read(store, "t", {"i": "bigint", "m": "string", "e": "string"})
    assert batch.to_pylist() == [{"i": 1, "m": "$2.00", "e": "1 day"}]
    with pytest.raises(PluginFault) as fault:
        [*read(store, "t", {"i": "smallint", "x": "date", "m": "integer", "nope": "string"})]
    told = str(fault.value).splitlines()
    assert told[0] == "t.i is integer, and smallint does not hold every integer: declare the column integer"
    assert told[1].startswith("t.x is string, and date does not hold every string")
    assert told[3] == "t.nope is missing; t has i, m, e, x"
    with pytest.raises(PluginFault, match=r"t\.m is money, which has no counterpart; declare the column as string"):
        [*read(store, "t")]
    with pytest.raises(PluginFault, match=r"raw\.no does not exist in Postgres at "):
        [*read(store, "raw.no")]


def test_all_tables_are_read_in_one_snapshot(store: PostgresStore) -> None:
    store.sql("CREATE TABLE a AS SELECT generate_series(1, 1000) AS id; CREATE TABLE b AS SELECT * FROM a")
    connection = store.connection
    tables = [{"name": name, "connection": connection, "table": name, "columns": []} for name in ("a", "b")]
    spec = SourceSpec.parse({"tables": tables, "batch_rows": 300, "quarantine": "q"})
    with closing(PostgresSource(spec)) as source:
        batches = source.batches()
        first = wire.decode_batches(next(batches))[0]
        store.sql("INSERT INTO b SELECT 9; DELETE FROM a")
        rest = [batch for data in batches for batch in wire.decode_batches(data)]
        schemas = [wire.table_name(wire.decode_schema(each)) for each in source.tables()]

    assert schemas == ["a", "b", "q"]
    assert [first.num_rows, *(each.num_rows for each in rest)] == [300, 300, 300, 100] * 2


def test_tables_of_several_databases_are_read_each_from_its_own(store: PostgresStore, tmp_path: Path) -> None:
    stores = [store, PostgresStore(tmp_path)]
    for number, each in enumerate(stores):
        each.sql(
            f"CREATE TABLE t AS SELECT {number} AS id; CREATE SCHEMA s; CREATE TABLE s.t AS SELECT {number + 7} AS id"
        )
    connections = [*(each.connection for each in stores), {**store.connection, "schema": "s"}]
    tables = [
        {"name": f"t{number}", "connection": connection, "table": "t", "columns": []}
        for number, connection in enumerate(connections)
    ]
    with closing(PostgresSource(SourceSpec.parse({"tables": tables}))) as source:
        found = [row for data in source.batches() for batch in wire.decode_batches(data) for row in batch.to_pylist()]
    assert found == [{"id": 0}, {"id": 1}, {"id": 7}]


def test_a_required_column_without_a_value_is_refused(store: PostgresStore) -> None:
    store.sql("CREATE TABLE t AS SELECT NULL::int AS id")
    columns = [{"name": "id", "type": "integer", "required": True}]
    tables = [{"name": "t", "connection": store.connection, "table": "t", "columns": columns}]
    with (
        closing(PostgresSource(SourceSpec.parse({"tables": tables}))) as source,
        pytest.raises(PluginFault, match=r"t\.id: no value, but the contract requires one"),
    ):
        [*source.batches()]


# What goes wrong.


def test_a_test_of_a_contract_cannot_write(store: PostgresStore) -> None:
    store.sql("CREATE TABLE noted (id int)")
    store.sql("CREATE FUNCTION note() RETURNS int LANGUAGE sql AS 'INSERT INTO noted VALUES (1) RETURNING 0'")
    output = OutputSpec("t", tests=(Check("sql", "t", "SELECT note()"),))

    with pytest.raises(PluginFault, match=r"test sql\(t\) of t cannot run: cannot execute INSERT in a read-only"):
        store.sync({"id": "integer"}, [{"id": 1}], outputs={"raw.t": output})

    assert store.sql("SELECT * FROM noted") == []


def test_a_key_that_comes_twice_is_told_whatever_its_column_is_called(store: PostgresStore) -> None:
    store.sql("CREATE TABLE raw.t (count int, v int)")

    with pytest.raises(PluginFault, match="the source sends 3 rows with the primary key count=4, v=5"):
        store.sync({"count": "integer", "v": "integer"}, [{"count": 4, "v": 5}] * 3, ["count", "v"])


def test_two_loads_of_one_table_take_turns(store: PostgresStore) -> None:
    columns, rows = {"id": "integer"}, [{"id": 1}]
    store.sync(columns, rows)
    first = store.begin(columns, [{"id": 2}])

    with pytest.raises(PluginFault, match="lock timeout; another load or change of it is under way"):
        store.sync(columns, [{"id": 3}])
    store.sql("INSERT INTO raw.t (id) VALUES (7)")  # others are not held up
    first.abandon()
    store.sync(columns, [{"id": 3}])

    assert store.sql("SELECT id FROM raw.t ORDER BY 1") == [(3,), (7,)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"password": "hunter2"}, "password authentication failed"),
        ({"database": "nowhere"}, 'database "nowhere" does not exist'),
        ({"port": 1}, "refused"),
        ({"sslmode": "require"}, "server does not support SSL"),
    ],
)
def test_what_cannot_be_opened_is_told_without_a_password(
    store: PostgresStore, change: dict[str, Any], message: str
) -> None:
    password = store.connection["password"]
    store.connection |= change
    for attempt in (store.load, lambda: [*read(store, "t")]):
        with pytest.raises(PluginFault, match=message) as fault:
            attempt()
        told = str(fault.value)
        assert told.startswith("Postgres at 127.0.0.1:")
        assert "\n" not in told
        assert password not in told
        assert "hunter2" not in told


@pytest.mark.parametrize("step", ["insert", "delete_stale", "finish", "commit"])
def test_a_connection_that_is_cut_leaves_the_table_as_it_was(store: PostgresStore, step: str) -> None:
    columns = {"id": "integer"}
    store.sync(columns, [{"id": 1}])
    load = store.begin(columns, [{"id": 2}])
    if step == "commit":
        load.finish()
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    store.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    def go_on() -> None:
        if step == "insert":
            load.insert(_batch(store.now))
        elif step == "delete_stale":
            load.delete_stale("raw.t", "src", store.now)
        elif step == "finish":
            load.finish()
        load.commit()

    with pytest.raises(PluginFault, match=r"the connection to Postgres at .* was lost: .*run it again"):
        go_on()
    load.abandon()

    assert store.sql("SELECT id FROM raw.t") == [(1,)]
    store.sync(columns, [{"id": 2}])
    assert store.sql("SELECT id FROM raw.t") == [(2,)]


def _batch(now: datetime) -> bytes:
    fields = [pa.field("id", pa.int32()), pa.field(wire.SYNC_TIME, pa.timestamp("us", tz="UTC"))]
    rows = [{"id": each, wire.SYNC_TIME: now} for each in range(60_000)]
    return wire.encode_batch(pa.RecordBatch.from_pylist(rows, schema=wire.table_schema("raw.t", fields)))
