"""A Postgres database in the transaction of one sync: everything goes through one connection of ADBC."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import pyarrow as pa

from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.postgres import types
from datakit_iac.technologies.postgres.cloudquery.adbc import FAILURES, Adbc, is_lost, said, where
from datakit_iac.technologies.postgres.cloudquery.conversion import converted, is_direct
from datakit_iac.technologies.sql.loading.database import Database, LiveColumn, LiveTable, RefusedError, TableName
from datakit_iac.technologies.sql.names import literal, quoted

_T = TypeVar("_T")

_INCOMING: Final = "datakit_incoming"
_BATCH: Final = 10_000
"""Rows that ADBC encodes at once: it is fastest with small batches."""
_END: Final = 2.0
"""Seconds that a statement has to end once it is cancelled."""
_ROUNDED: Final = ("time(", "timestamp(")
"""Types with fewer digits of a second than values have, to which Postgres rounds."""


class PostgresDatabase(Database):
    """An open database.

    Raises:
        PluginFault: it cannot be opened.
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self.default_schema = connection.get("schema", "public")
        self._where = where(connection)
        self._adbc = Adbc(connection)
        self._busy = threading.Lock()
        self._locked: set[TableName] = set()
        self._spellings: dict[TableName, Mapping[str, str]] = {}

    def begin(self, outputs: Iterable[TableName]) -> None:
        """Keep other loads, and changes of the columns, from the outputs; others may read, and write rows.

        All are locked in one order, so that two loads do not wait for each other.
        """
        for name in sorted(outputs, key=str):
            if self._kind(name) in ("r", "p"):
                self._lock(name)

    def execute(self, sql: str) -> None:
        """Run one statement."""
        self._run(lambda: self._adbc.execute(sql))

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """What a query gives."""
        return self._run(lambda: self._adbc.rows(sql))

    def describe(self, name: TableName) -> LiveTable | None:
        """The table or view, from the catalog."""
        kind = self._kind(name)
        if not kind:
            return None
        is_view = kind in ("v", "m")
        if not is_view:
            self._lock(name)
        ((comment,),) = self.rows(f"SELECT obj_description({_regclass(name)}, 'pg_class')")
        columns = self.rows(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull,"
            " a.atthasdef OR a.attidentity <> '' FROM pg_attribute AS a"
            f" WHERE a.attrelid = {_regclass(name)} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
        )
        live = [LiveColumn(each[0], _type(each[1]), *each[1:]) for each in columns]
        return LiveTable({column.name: column for column in live}, comment or "", is_view)

    def write(self, data_type: DataType) -> str:
        """A column's type in DDL."""
        return types.write(data_type)

    def canonical(self, data_type: DataType) -> DataType:
        """What Postgres keeps of a type."""
        return types.read(types.write(data_type))

    def cast_or_null(self, column: str, data_type: DataType) -> str:
        """A quoted column in another type, NULL where its value does not fit; for Postgres 16 or newer."""
        kind = types.write(data_type)
        return f"CASE WHEN pg_input_is_valid({column}::text, {literal(kind)}) THEN {column}::text::{kind} END"

    def create_schema(self, schema: str) -> None:
        """Make a schema that is not there; two who do so at a time wait for each other."""
        if not self.rows(f"SELECT 1 FROM pg_namespace WHERE nspname = {literal(schema)}"):
            self.execute(f"SELECT pg_advisory_xact_lock(hashtext({literal(f'datakit schema {schema}')}))")
            super().create_schema(schema)

    def folded(self, name: str) -> str:
        """Names that differ in upper and lower case are two."""
        return name

    def append(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> None:
        """Add rows to a table by COPY."""
        spellings = self._types(name)
        if all(is_direct(spellings[field.name], field.type) for field in batches[0].schema):
            self._copy(name, spellings, batches)
            return
        columns = ", ".join(map(quoted, batches[0].schema.names))
        with self.staged(name, batches) as incoming:
            self.execute(f"INSERT INTO {name.sql} ({columns}) SELECT {columns} FROM {incoming} AS new")

    @contextmanager
    def staged(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> Iterator[str]:
        """The rows in a temporary table; what cannot be copied as it is is text there."""
        spellings, fields = self._types(name), batches[0].schema
        kinds = {
            each.name: spellings[each.name] if is_direct(spellings[each.name], each.type) else "" for each in fields
        }
        columns = [quoted(each) if kind else f"{quoted(each)}::text" for each, kind in kinds.items()]
        self.execute(f"CREATE TEMPORARY TABLE {_INCOMING} AS SELECT {', '.join(columns)} FROM {name.sql} LIMIT 0")
        self._copy(TableName("", _INCOMING), spellings, batches, shown=name)
        given = [quoted(each) if kind else f"{quoted(each)}::{spellings[each]}" for each, kind in kinds.items()]
        yield f"(SELECT {', '.join(given)} FROM {_INCOMING})"
        self.execute(f"DROP TABLE {_INCOMING}")

    def only_read(self) -> None:
        """Refuse whatever writes, also in the functions that a query calls."""
        self.execute("SET TRANSACTION READ ONLY")

    def commit(self) -> None:
        """Make it last, and close."""
        self._run(self._adbc.commit, "committing; whether the rows are there is not known")
        self.close()

    def close(self) -> None:
        """Roll back and close; a statement that runs is cancelled."""
        if not self._busy.acquire(blocking=False):
            self._adbc.cancel()
            if not self._busy.acquire(timeout=_END):
                return  # the process ends, and the server rolls back
        self._adbc.close()
        self._busy.release()

    def _kind(self, name: TableName) -> str:
        """As `pg_class.relkind` has it; empty where nothing is."""
        found = self.rows(f"SELECT relkind::text FROM pg_class WHERE oid = {_regclass(name)}")
        return str(found[0][0]) if found else ""

    def _lock(self, name: TableName) -> None:
        if name not in self._locked:
            self.execute(f"LOCK TABLE {name.sql} IN SHARE UPDATE EXCLUSIVE MODE")
            self._locked.add(name)

    def _types(self, name: TableName) -> Mapping[str, str]:
        """How the columns' types are spelled, once all changes of them are done."""
        if name not in self._spellings:
            live = self.describe(name)
            self._spellings[name] = {each.name: each.spelling for each in live.columns.values()} if live else {}
        return self._spellings[name]

    def _copy(
        self,
        name: TableName,
        spellings: Mapping[str, str],
        batches: Sequence[pa.RecordBatch],
        shown: TableName | None = None,
    ) -> None:
        names = batches[0].schema.names
        table = pa.table(
            {
                each: pa.chunked_array(
                    [converted(batch.column(number), spellings[each], f"{shown or name}.{each}") for batch in batches]
                )
                for number, each in enumerate(names)
            }
        )
        rows = pa.RecordBatchReader.from_batches(table.schema, table.to_batches(_BATCH))
        self._run(lambda: self._adbc.copy(name.schema, name.table, rows))

    def _run(self, action: Callable[[], _T], what: str = "") -> _T:
        with self._busy:
            try:
                return action()
            except FAILURES as fault:
                if is_lost(fault):
                    doing = f"while {what}" if what else "the tables are as they were"
                    lost = f"the connection to {self._where} was lost: {said(fault)}; {doing}: run it again"
                    raise RefusedError(lost) from fault
                raise RefusedError(said(fault)) from fault


def _regclass(name: TableName) -> str:
    return f"to_regclass({literal(name.sql)})"


def _type(spelling: str) -> DataType | None:
    if spelling.startswith(_ROUNDED):
        return None
    try:
        return types.read(spelling)
    except ValueError:
        return None
