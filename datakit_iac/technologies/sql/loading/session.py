"""A load into the database of any SQL session: rows go in by its driver's `executemany`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pyarrow as pa
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.sql.database import first_line
from datakit_iac.technologies.sql.loading.database import Database, LiveColumn, LiveTable, RefusedError, TableName
from datakit_iac.technologies.sql.loading.load import Load
from datakit_iac.technologies.sql.loading.spec import LoadSpec, read
from datakit_iac.technologies.sql.names import literal, quoted
from datakit_iac.technologies.sql.session import SqlSession

_INCOMING: Final = "datakit_incoming"
_BOOKKEEPING: Final = {
    wire.SYNC_TIME: DataType("timestamptz"),
    wire.SOURCE_NAME: DataType("string"),
    "_cq_id": DataType("uuid"),
    "_cq_parent_id": DataType("uuid"),
}
"""What CloudQuery adds, of which no session tells."""


class SqlLoad(Load):
    """A transaction that begins with the first message and ends with `commit` or `abandon`.

    Args:
        session: the database, open for this alone.
        spec: what `technologies.sql.loading.rendering.spec` makes; what a technology has beside is left alone.
    """

    def __init__(self, session: SqlSession, spec: Mapping[str, Any]) -> None:
        super().__init__(_SessionDatabase(session, self), LoadSpec(**read(spec, set(spec))))

    def value(self, value: Any) -> Any:
        """A value as the driver takes it."""
        return value


class _SessionDatabase(Database):
    """An open session, in the transaction of one sync."""

    def __init__(self, session: SqlSession, load: SqlLoad) -> None:
        self._session, self._dialect, self._load = session, session.dialect, load
        self.default_schema = session.dialect.default_schema
        self.widens = "widen" in session.dialect.alters

    def begin(self, outputs: Iterable[TableName]) -> None:
        """Begin."""
        self.execute("BEGIN TRANSACTION")

    def execute(self, sql: str) -> None:
        """Run one statement."""
        self._run(sql)

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """What a query gives."""
        try:
            return self._session.rows(sql)
        except self._session.failure as fault:
            raise RefusedError(first_line(fault)) from fault

    def describe(self, name: TableName) -> LiveTable | None:
        """What the session knows, and the bookkeeping columns of loaders that it does not tell of."""
        place = _place(name)
        found = self._session.relation(place)
        if found is None:
            return None
        kind, comment, columns = found
        described = self._session.database.execute(f"SELECT * FROM {name.sql} LIMIT 0").description
        live = {name: LiveColumn(name, _BOOKKEEPING.get(name), "unknown") for name, *_ in described}
        for column in columns:
            spelling = self._dialect.write(column.type)
            live[column.name] = LiveColumn(column.name, column.type, spelling, not column.nullable)
        return LiveTable({self.folded(name): each for name, each in live.items()}, comment, kind == "VIEW")

    def write(self, data_type: DataType) -> str:
        """A column's type in DDL."""
        return self._dialect.write(data_type)

    def canonical(self, data_type: DataType) -> DataType:
        """What the database keeps of a type."""
        return self._dialect.type_of(self._dialect.write(data_type))

    def append(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> None:
        """Add rows to a table."""
        self._insert(name.sql, batches)

    @contextmanager
    def staged(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> Iterator[str]:
        """The rows in a temporary table."""
        columns = ", ".join(map(quoted, batches[0].schema.names))
        self.execute(f"CREATE TEMPORARY TABLE {_INCOMING} AS SELECT {columns} FROM {name.sql} LIMIT 0")
        self._insert(_INCOMING, batches)
        yield _INCOMING
        self.execute(f"DROP TABLE {_INCOMING}")

    def moment(self, at: datetime) -> str:
        """A time as an SQL literal; as text where that is what the load gives the driver."""
        given = self._load.value(at)
        return literal(given) if isinstance(given, str) else super().moment(at)

    def comment(self, name: TableName, text: str) -> None:
        """Give the table a comment, in the table of comments where there is one."""
        if not self._dialect.comments:
            super().comment(name, text)
            return
        table, of = quoted(self._dialect.comments), literal(self._dialect.address(_place(name)))
        self.execute(f"DELETE FROM {table} WHERE object = {of} AND part = ''")
        self.execute(f"INSERT INTO {table} VALUES ({of}, '', {literal(text)})")

    def commit(self) -> None:
        """Make it last, and close the session."""
        self.execute("COMMIT")
        self.close()

    def close(self) -> None:
        """Close the session, which leaves what was not committed."""
        self._session.database.close()

    def _insert(self, table: str, batches: Sequence[pa.RecordBatch]) -> None:
        columns = batches[0].schema.names
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(map(quoted, columns))}) VALUES ({marks})"
        for batch in batches:
            values = zip(*map(_values, batch.columns), strict=True)
            self._run(sql, [tuple(map(self._load.value, row)) for row in values])

    def _run(self, sql: str, rows: Sequence[Sequence[Any]] | None = None) -> None:
        database = self._session.database
        try:
            if rows is None:
                database.execute(sql)
            else:
                database.executemany(sql, rows)
        except self._session.failure as fault:
            raise RefusedError(first_line(fault)) from fault


def _place(name: TableName) -> Place:
    return Place(table=f"{name.schema}.{name.table}" if name.schema else name.table)


def _values(column: pa.Array) -> list[Any]:
    """Plain values; those of CloudQuery's extension types as text."""
    if isinstance(column.type, JSONType):
        column = column.storage.cast(pa.string())
    elif isinstance(column.type, UUIDType):
        return [each and str(UUID(bytes=each)) for each in column.storage.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values
