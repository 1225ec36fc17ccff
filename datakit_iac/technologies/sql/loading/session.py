"""One sync into an SQL database, as one transaction: a CloudQuery destination for databases of any dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pyarrow as pa
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import from_arrow
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.sql.names import quoted
from datakit_iac.technologies.sql.session import SqlSession, first_line


class SqlLoad:
    """A transaction that begins with the first message and ends with `commit` or `abandon`.

    Tables are made and columns are added; a column that is there keeps its type. The tests of contracts must pass
    before the commit.

    Args:
        session: the database, open for this alone.
        spec: what `technologies.sql.cloudquery.spec` makes.
    """

    def __init__(self, session: SqlSession, spec: Mapping[str, Any]) -> None:
        self._session, self._spec = session, spec
        self._outputs: Mapping[str, Mapping[str, Any]] = spec.get("outputs") or {}
        self._rows: dict[str, int] = {}
        self._replaces: dict[str, Sequence[str]] = {}
        session.database.execute("BEGIN TRANSACTION")

    def value(self, value: Any) -> Any:
        """A value as the driver takes it."""
        return value

    def migrate(self, schema: bytes, *, force: bool) -> None:
        """Make the table, or add the columns that it lacks."""
        table = wire.decode_schema(schema)
        name = wire.table_name(table)
        columns = {each.name: self._type(name, each) for each in table}
        if self._session.relation(Place(table=name)) is None:
            described = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
            self._execute(f"CREATE TABLE {self._sql(name)} ({described})")
        there = self._session.database.execute(f"SELECT * FROM {self._sql(name)} LIMIT 0").description
        known = {column[0].lower() for column in there}
        for column, kind in columns.items():
            if column.lower() not in known:
                self._execute(f"ALTER TABLE {self._sql(name)} ADD COLUMN {quoted(column)} {kind}")
        if self._spec["write_mode"] == "overwrite" and self._outputs.get(name, {}).get("quarantine"):
            self._execute(f"DELETE FROM {self._sql(name)}")  # it tells of the last sync alone
        has_rows = self._session.rows(f"SELECT 1 FROM {self._sql(name)} LIMIT 1")
        self._replaces[name] = wire.primary_key(table) if has_rows and self._spec["write_mode"] != "append" else ()
        self._rows[name] = 0

    def insert(self, record: bytes) -> None:
        """Write a batch, instead of the rows that have its keys."""
        for batch in wire.decode_batches(record):
            name, columns = wire.table_name(batch.schema), batch.schema.names
            rows = [tuple(map(self.value, row)) for row in zip(*map(_values, batch.columns), strict=True)]
            if key := self._replaces[name]:
                same = " AND ".join(f"{quoted(column)} = ?" for column in key)
                keys = [tuple(row[columns.index(column)] for column in key) for row in rows]
                self._execute(f"DELETE FROM {self._sql(name)} WHERE {same}", keys)
            marks = ", ".join("?" * len(columns))
            self._execute(f"INSERT INTO {self._sql(name)} ({', '.join(map(quoted, columns))}) VALUES ({marks})", rows)
            self._rows[name] += len(rows)
            emit(Event("progress", f"{name} {self._rows[name]:,} rows", name, self._rows[name]))

    def delete_stale(self, table: str, source: str, sync_time: datetime) -> None:
        """Remove the rows of this source's earlier syncs, and those of sources that write the table no more."""
        stale = f"({quoted(wire.SOURCE_NAME)} = ? AND {quoted(wire.SYNC_TIME)} < ?)"
        values = [source, self.value(sync_time.replace(tzinfo=UTC))]
        writers = self._outputs.get(table, {}).get("writers")
        if writers is not None:
            kept = [source, *writers]
            stale += f" OR {quoted(wire.SOURCE_NAME)} NOT IN ({', '.join('?' * len(kept))})"
            values += kept
        self._execute(f"DELETE FROM {self._sql(table)} WHERE {stale}", [values])

    def idle(self) -> None:
        """Nothing is put off."""

    def finish(self) -> None:
        """Run the tests of the contracts.

        Raises:
            PluginFault: some fail, or cannot run; each is named.
        """
        breaches = [
            f"{output['dataset']}: {test}({subject}): {rows} row{'s' if rows != 1 else ''}"
            for name, output in self._outputs.items()
            if name in self._rows
            for test, subject, query in output["tests"]
            if (rows := self._failing(f"test {test}({subject}) of {output['dataset']}", query))
        ]
        if breaches:
            count = f"{len(breaches)} breach{'es' if len(breaches) > 1 else ''} of contract"
            raise PluginFault("\n".join([f"the outputs would have {count}, so the tables are as they were", *breaches]))

    def commit(self) -> None:
        """Make it last, close the database, and tell what came."""
        self._session.database.execute("COMMIT")
        self._session.database.close()
        for name, rows in self._rows.items():
            emit(Event("result", f"{name} {rows:,} rows", name, rows))

    def abandon(self) -> None:
        """Leave everything as it was, and close the database."""
        self._session.database.close()

    def _failing(self, test: str, query: str) -> int:
        try:
            ((rows,),) = self._session.rows(query)
        except self._session.failure as fault:
            raise PluginFault(f"{test} cannot run: {first_line(fault)}") from fault
        return int(rows)

    def _sql(self, table: str) -> str:
        return self._session.dialect.qualified(Place(table=table))

    def _type(self, table: str, field: pa.Field) -> str:
        try:
            return self._session.dialect.write(from_arrow(field.type))
        except ValueError as fault:
            raise PluginFault(f"{table}.{field.name}: {fault}") from fault

    def _execute(self, sql: str, rows: Sequence[Sequence[Any]] | None = None) -> None:
        try:
            if rows is None:
                self._session.database.execute(sql)
            else:
                self._session.database.executemany(sql, rows)
        except self._session.failure as fault:
            raise PluginFault(f"{self._session.dialect.name} refused `{sql}`: {first_line(fault)}") from fault


def _values(column: pa.Array) -> list[Any]:
    """Plain values; those of CloudQuery's extension types as text."""
    if isinstance(column.type, JSONType):
        column = column.storage.cast(pa.string())
    elif isinstance(column.type, UUIDType):
        return [each and str(UUID(bytes=each)) for each in column.storage.to_pylist()]
    values: list[Any] = column.to_pylist()
    return values
