"""A CloudQuery plugin as others write them, with CloudQuery's own SDK: source and destination of Postgres.

It knows nothing of datakit, takes the `connection_string` of CloudQuery's own plugins, and behaves as these do: it logs
freely, commits each batch, replaces rows by their key, and removes the stale rows of its own source.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import pyarrow as pa
from cloudquery.sdk import message, schema
from cloudquery.sdk.plugin import Plugin, SyncOptions, TableOptions
from cloudquery.sdk.serve import PluginCommand
from cloudquery.sdk.types import UUIDType
from psycopg.sql import SQL, Composable, Identifier

_TYPES = {"int4": pa.int32(), "int8": pa.int64()}


def _name(text: str) -> Composable:
    return Identifier(*text.split("."))


class PostgresOfOthers(Plugin):  # type: ignore[misc]  # the SDK has no types
    """Both sides, as CloudQuery's plugins are."""

    def __init__(self) -> None:
        super().__init__("postgres-of-others", "v1.0.0")
        self._spec: dict[str, Any] = {}

    def init(self, spec: bytes, no_connection: bool = False) -> None:
        self._spec = json.loads(spec)
        if not no_connection:
            print(f"connecting to {self._spec['connection_string']}", flush=True)
            self._connection = psycopg.connect(self._spec["connection_string"])

    def close(self) -> None:
        self._connection.close()

    def get_tables(self, options: TableOptions) -> list[schema.Table]:
        found = []
        for name in options.tables:
            described = self._connection.execute(SQL("SELECT * FROM {} LIMIT 0").format(_name(name))).description
            kinds = {each.name: each.type_display for each in described or ()}
            columns = [schema.Column(each, _TYPES.get(kind, pa.string())) for each, kind in kinds.items()]
            found.append(
                schema.Table(name, [schema.Column("_cq_id", UUIDType(), not_null=True, unique=True), *columns])
            )
        return found

    def sync(self, options: SyncOptions) -> Iterator[Any]:
        for table in self.get_tables(TableOptions(options.tables)):
            yield message.SyncMigrateTableMessage(table.to_arrow_schema())
            rows = self._connection.execute(SQL("SELECT * FROM {}").format(_name(table.name))).fetchall()
            ids = pa.ExtensionArray.from_storage(UUIDType(), pa.array([os.urandom(16) for _ in rows], pa.binary(16)))
            values = [
                pa.array(list(each), column.type)
                for each, column in zip(zip(*rows, strict=True), table.columns[1:], strict=True)
            ]
            yield message.SyncInsertMessage(pa.RecordBatch.from_arrays([ids, *values], schema=table.to_arrow_schema()))

    def write(self, writer: Iterable[Any]) -> None:
        keys: dict[str, list[str]] = {}
        for each in writer:
            match each:
                case message.WriteMigrateTableMessage():
                    keys[each.table.name] = each.table.primary_keys
                    for column in ("_cq_sync_time timestamp", "_cq_source_name text"):
                        text = "ALTER TABLE {} ADD COLUMN IF NOT EXISTS " + column
                        self._connection.execute(SQL(text).format(_name(each.table.name)))
                case message.WriteInsertMessage():
                    self._insert(each.record, keys)
                case message.WriteDeleteStale():
                    query = "DELETE FROM {} WHERE _cq_source_name = %s AND _cq_sync_time < %s"
                    self._connection.execute(
                        SQL(query).format(_name(each.table_name)), [each.source_name, each.sync_time]
                    )
            self._connection.commit()

    def _insert(self, record: pa.RecordBatch, keys: dict[str, list[str]]) -> None:
        table = record.schema.metadata[b"cq:table_name"].decode()
        if len(record) > self._spec.get("batch_size", len(record)):
            raise ValueError(f"{len(record)} rows are more than a batch")
        names = [name for name in record.schema.names if name != "_cq_id"]
        columns, places = SQL(", ").join(map(Identifier, names)), SQL(", ").join([SQL("%s")] * len(names))
        insert = SQL("INSERT INTO {} ({}) VALUES ({})").format(_name(table), columns, places)
        for row in record.to_pylist():
            if key := keys[table]:
                same = SQL(" AND ").join(SQL("{} = %s").format(Identifier(name)) for name in key)
                self._connection.execute(
                    SQL("DELETE FROM {} WHERE ").format(_name(table)) + same, [row[name] for name in key]
                )
            stamp = row["_cq_sync_time"].replace(tzinfo=None)
            self._connection.execute(insert, [*({**row, "_cq_sync_time": stamp}[name] for name in names)])


if __name__ == "__main__":
    # The SDK (0.1.57) hands a socket's path to gRPC as if it were a host.
    network = dict(zip(sys.argv[1:], sys.argv[2:], strict=False)).get("--network")
    argv = [f"unix:{each}" if network == "unix" and each.startswith("/") else each for each in sys.argv[1:]]
    PluginCommand(PostgresOfOthers()).run(argv)
