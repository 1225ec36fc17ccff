"""Tables of a Postgres database as a CloudQuery source: all in one snapshot, streamed by ADBC."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from adbc_driver_manager import Error

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.quarantine import COLUMNS
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.postgres.cloudquery.adbc import Adbc, is_lost, said, where
from datakit_iac.technologies.postgres.cloudquery.reading import Reading, reading
from datakit_iac.technologies.postgres.cloudquery.spec import SourceColumn, SourceSpec, SourceTable
from datakit_iac.technologies.sql.names import literal, quoted, split

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


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
        PluginFault: the database cannot be opened, or tables or columns are missing or of other types.
    """

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self._adbc = Adbc(spec.connection)
        self._tables: list[_Table] = []
        faults = []
        try:
            self._adbc.execute(_SNAPSHOT)
            for table in spec.tables:
                try:
                    self._tables.append(self._opened(table))
                except PluginFault as fault:
                    faults.append(str(fault))
            if faults:
                raise PluginFault("\n".join(faults))
        except Error as fault:
            self.close()
            raise self._fault(fault) from fault
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
        """All rows, table after table, as they are in one snapshot.

        Raises:
            PluginFault: a value does not fit its column, or the connection was lost.
        """
        for table in self._tables:
            for batch in self._read(table):
                for start in range(0, batch.num_rows, self._spec.batch_rows):
                    yield wire.encode_batch(batch.slice(start, self._spec.batch_rows))

    def close(self) -> None:
        """Close the connection."""
        self._adbc.cancel()
        self._adbc.close()

    def _opened(self, spec: SourceTable) -> _Table:
        schema, name = split(spec.table, self._spec.connection.get("schema", "public"))
        sql = f"{quoted(schema)}.{quoted(name)}"
        found = self._adbc.rows(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute"
            f" WHERE attrelid = to_regclass({literal(sql)}) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        there: dict[str, str] = dict(found)
        if not there:
            raise PluginFault(
                f"there is no table {spec.table} in {where(self._spec.connection)}; fix the DataSet's table"
            )
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
            for batch in self._adbc.batches(table.sql):
                yield _carried(table, batch)
        except (Error, pa.ArrowException, OSError) as fault:
            raise self._fault(fault) from fault

    def _fault(self, fault: Exception) -> PluginFault:
        if isinstance(fault, Error) and is_lost(fault):
            return PluginFault(
                f"the connection to {where(self._spec.connection)} was lost: {said(fault)}; run it again"
            )
        return PluginFault(f"{where(self._spec.connection)}: {said(fault)}")


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
