"""A DuckDB file in the transaction of one sync."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb
import pyarrow as pa

from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import plain
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb import types
from datakit_iac.technologies.duckdb.cloudquery.spec import DuckDBSpec
from datakit_iac.technologies.duckdb.opening import OpeningError, opened
from datakit_iac.technologies.sql.loading.database import Database, LiveColumn, LiveTable, RefusedError, TableName
from datakit_iac.technologies.sql.names import literal, quoted

_INCOMING: Final = "datakit_incoming"


class DuckDBDatabase(Database):
    """An open file.

    Raises:
        PluginFault: it cannot be opened.
    """

    default_schema = "main"

    def __init__(self, spec: DuckDBSpec) -> None:
        self._connection = connected(spec)

    def begin(self, outputs: Iterable[TableName]) -> None:
        """Begin; no other process can have the file open."""
        self.execute("SET TimeZone = 'UTC'")
        self._connection.begin()

    def execute(self, sql: str) -> None:
        """Run one statement."""
        try:
            self._connection.execute(sql)
        except duckdb.Error as fault:
            raise _refused(fault) from fault

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """What a query gives."""
        self.execute(sql)
        return self._connection.fetchall()

    def describe(self, name: TableName) -> LiveTable | None:
        """The table or view, from the catalog; DuckDB knows no upper and lower case of names."""
        schema, table = literal(name.schema), literal(name.table)
        where = f"database_name = current_database() AND lower(schema_name) = lower({schema})"
        found = self.rows(
            f"SELECT comment, false FROM duckdb_tables() WHERE {where} AND lower(table_name) = lower({table})"
            f" UNION ALL SELECT comment, true FROM duckdb_views() WHERE {where} AND lower(view_name) = lower({table})"
        )
        if not found:
            return None
        columns = self.rows(
            "SELECT column_name, data_type, NOT is_nullable, column_default IS NOT NULL FROM duckdb_columns()"
            f" WHERE {where} AND lower(table_name) = lower({table}) ORDER BY column_index"
        )
        live = [LiveColumn(each[0], types.find(each[1]), *each[1:]) for each in columns]
        ((comment, is_view),) = found
        return LiveTable({self.folded(column.name): column for column in live}, comment or "", is_view)

    def write(self, data_type: DataType) -> str:
        """A column's type in DDL."""
        return types.write(data_type)

    def canonical(self, data_type: DataType) -> DataType:
        """What DuckDB keeps of a type."""
        return types.read(types.write(data_type))

    def append(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> None:
        """Add rows to a table; DuckDB reads Arrow where it is."""
        columns = ", ".join(map(quoted, batches[0].schema.names))
        with self.staged(name, batches) as incoming:
            self.execute(f"INSERT INTO {name.sql} ({columns}) SELECT {columns} FROM {incoming}")

    @contextmanager
    def staged(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> Iterator[str]:
        """The rows as a view of the Arrow table."""
        self._connection.register(_INCOMING, pa.Table.from_batches(map(plain, batches)))
        yield _INCOMING
        self._connection.unregister(_INCOMING)

    def commit(self) -> None:
        """Make it last, and close the file."""
        self._connection.commit()
        self._connection.close()

    def close(self) -> None:
        """Roll back and close the file."""
        self._connection.close()


def connected(spec: DuckDBSpec) -> duckdb.DuckDBPyConnection:
    """The file, open; within a process it can be opened again.

    Raises:
        PluginFault: it cannot be opened.
    """

    def waiting(holder: str) -> None:
        emit(Event("progress", f"waiting for {spec.path.name}, held by {holder}"))

    settings = {"threads": spec.threads, "autoinstall_known_extensions": False}
    try:
        return opened(spec.path, spec.lock_timeout, longest_pause=1.0, waiting=waiting, **settings)
    except OpeningError as fault:
        raise PluginFault(str(fault)) from fault


def _refused(fault: duckdb.Error) -> RefusedError:
    return RefusedError(str(fault).partition("\n")[0].removeprefix("Constraint Error: "))
