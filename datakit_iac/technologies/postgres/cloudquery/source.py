"""Tables of Postgres as a CloudQuery source: all of one database in one snapshot, streamed by ADBC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.quarantine import COLUMNS
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.postgres.cloudquery.adbc import FAILURES, Adbc, is_lost, said, where
from datakit_iac.technologies.postgres.cloudquery.reading import Reading, reading
from datakit_iac.technologies.postgres.cloudquery.spec import SourceColumn, SourceSpec, SourceTable
from datakit_iac.technologies.sql.names import literal, quoted, split

_SNAPSHOT: Final = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that is ready to be read."""

    spec: SourceTable
    sql: str
    columns: tuple[Reading, ...]
    schema: pa.Schema


class PostgresSource:
    """The tables of a spec; opening finds all of them, so that all faults are reported before a row moves.

    Raises:
        PluginFault: a database cannot be opened, or tables or columns are missing or of other types.
    """

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self._open: dict[frozenset[tuple[str, Any]], Adbc] = {}
        self._tables: list[_Table] = []
        faults = []
        try:
            for table in spec.tables:
                try:
                    self._tables.append(self._opened(table))
                except FAILURES as fault:
                    raise _fault(fault, table) from fault
                except PluginFault as fault:
                    faults.append(str(fault))
            if faults:
                raise PluginFault("\n".join(faults))
        except BaseException:
            self.close()
            raise

    def tables(self) -> list[bytes]:
        """The schemas of the tables, and of the quarantine."""
        schemas = [table.schema for table in self._tables]
        if self._spec.quarantine:
            fields = [wire.field(name, to_arrow(DataType(kind))) for name, kind in COLUMNS.items()]
            schemas.append(wire.table_schema(self._spec.quarantine, fields))
        return [wire.encode_schema(each) for each in schemas]

    def batches(self) -> Iterator[bytes]:
        """All rows, table after table, those of one database in one snapshot.

        Raises:
            PluginFault: a value does not fit its column, or the connection was lost.
        """
        for table in self._tables:
            for batch in self._read(table):
                for start in range(0, batch.num_rows, self._spec.batch_rows):
                    yield wire.encode_batch(batch.slice(start, self._spec.batch_rows))

    def close(self) -> None:
        """Close the connections."""
        for each in self._open.values():
            each.cancel()
            each.close()

    def _connected(self, spec: SourceTable) -> Adbc:
        """The connection to a table's database, with its snapshot."""
        key = frozenset(spec.connection.items())
        if key not in self._open:
            self._open[key] = Adbc(spec.connection)
            self._open[key].execute(_SNAPSHOT)
        return self._open[key]

    def _opened(self, spec: SourceTable) -> _Table:
        schema, name = split(spec.table, spec.connection.get("schema", "public"))
        sql = f"{quoted(schema)}.{quoted(name)}"
        found = self._connected(spec).rows(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
            f" WHERE attrelid = to_regclass({literal(sql)}) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        there: dict[str, str] = dict(found)
        if not there:
            raise PluginFault(f"{spec.table} does not exist in {where(spec.connection)}; fix the DataSet's table")
        wanted = spec.columns or [SourceColumn(each) for each in there if not each.startswith("_cq_")]
        columns, faults = list[Reading](), list[str]()
        for column in wanted:
            try:
                columns.append(_reading(spec.table, column, there))
            except PluginFault as fault:
                faults.append(str(fault))
        if faults:
            raise PluginFault("\n".join(faults))
        if left := [each for each in there if not each.startswith("_cq_") and each not in [c.name for c in columns]]:
            emit(Event("note", f"{spec.table}: {', '.join(left)} not declared and left out", spec.name))
        fields = [
            wire.field(each.name, to_arrow(each.type), required=declared.required, key=declared.key)
            for each, declared in zip(columns, wanted, strict=True)
        ]
        selected = f"SELECT {', '.join(each.sql for each in columns)} FROM {sql}"
        return _Table(spec, selected, tuple(columns), wire.table_schema(spec.name, fields))

    def _read(self, table: _Table) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._connected(table.spec).batches(table.sql):
                yield _carried(table, batch)
        except FAILURES as fault:
            raise _fault(fault, table.spec) from fault


def _fault(fault: Exception, table: SourceTable) -> PluginFault:
    at = where(table.connection)
    if is_lost(fault):
        return PluginFault(f"the connection to {at} was lost: {said(fault)}; run it again")
    return PluginFault(f"{at}: {said(fault)}")


def _reading(table: str, column: SourceColumn, there: dict[str, str]) -> Reading:
    place = f"{table}.{column.name}"
    if column.name not in there:
        raise PluginFault(f"{place} is missing; {table} has {', '.join(there)}")
    return reading(column.name, there[column.name], column.type, place)


def _carried(table: _Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    columns, number = [], 0
    for column, field in zip(table.columns, table.schema, strict=True):
        values = column.carried(batch.columns[number : number + column.width])
        number += column.width
        if values.null_count and not field.nullable:
            raise PluginFault(f"{column.place}: no value, but the contract requires one")
        columns.append(values)
    return pa.RecordBatch.from_arrays(columns, schema=table.schema)
