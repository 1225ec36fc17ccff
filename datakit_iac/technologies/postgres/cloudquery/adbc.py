"""A connection by ADBC, which moves Arrow batches, and what goes wrong on it in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import pyarrow as pa
from adbc_driver_manager import AdbcConnection, AdbcStatement, Error
from adbc_driver_manager import StatementOptions as Options
from adbc_driver_postgresql import connect
from psycopg.conninfo import make_conninfo

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.postgres.opening import parameters

FAILURES: Final = (Error, pa.ArrowException, OSError)
"""What the driver raises: a statement that fails while rows are read is an error of Arrow's."""

_TABLE: Final = Options.INGEST_TARGET_TABLE.value
_SCHEMA: Final = Options.INGEST_TARGET_DB_SCHEMA.value
_TEMPORARY: Final = Options.INGEST_TEMPORARY.value
_MODE: Final = Options.INGEST_MODE.value
_SAID: Final = re.compile(r"(?:ERROR|FATAL|PANIC): +(.+)")
_DETAIL: Final = re.compile(r"DETAIL: +(.+)")
_COLUMN: Final = re.compile(r"CONTEXT: +COPY [^\n]*, (column [^\n:]+)")
_LOST: Final = re.compile(
    r"server closed the connection|no connection to the server|connection (?:reset|not open)|could not (?:send|receive)"
    r"|connection to server|terminating connection|SSL SYSCALL|in recovery mode|shutting down|starting up"
)
_LOCKED: Final = "55P03"
_BUSY: Final = "; another load or change of it is under way, so run it again later"


class Adbc:
    """An open connection in a transaction, in UTC.

    Below the driver's own `dbapi`, whose import takes a second longer, for it imports pandas.

    Args:
        connection: the fields of a `PostgresConnection`, secrets among them.

    Raises:
        PluginFault: the server cannot be reached, or refuses the role or the database.
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        try:
            self._database = connect(make_conninfo(**parameters(connection)))
            self._connection = AdbcConnection(self._database)
            self._connection.set_autocommit(False)
        except Error as fault:
            raise PluginFault(f"{where(connection)} cannot be opened: {said(fault)}") from fault
        self._running: AdbcStatement | None = None

    def execute(self, sql: str) -> None:
        """Run a statement that gives nothing."""
        with self._statement() as statement:
            statement.set_sql_query(sql)
            statement.execute_update()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query gives."""
        found = [[column.to_pylist() for column in batch.columns] for batch in self.batches(sql)]
        return [row for columns in found for row in zip(*columns, strict=True)]

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """What a query gives, as it comes."""
        with self._statement() as statement:
            statement.set_sql_query(sql)
            stream, _ = statement.execute_query()
            with pa.RecordBatchReader.from_stream(stream) as reader:
                yield from reader

    def copy(self, schema: str, table: str, rows: pa.RecordBatchReader) -> None:
        """Add rows to a table, of whose columns they have exactly the types; without a schema it is a temporary one."""
        target = {_SCHEMA: schema} if schema else {_TEMPORARY: "true"}
        with self._statement() as statement:
            statement.set_options(**{_TABLE: table, _MODE: "adbc.ingest.mode.append", **target})
            statement.bind_stream(rows)
            statement.execute_update()

    def commit(self) -> None:
        """Make it last."""
        self._connection.commit()

    def cancel(self) -> None:
        """End the statement that runs; for another thread than its own."""
        if running := self._running:
            with suppress(Error):
                running.cancel()

    def close(self) -> None:
        """Roll back and close."""
        for each in (self._connection, self._database):
            with suppress(Error, RuntimeError):  # a connection that was lost, or a stream that is still read
                each.close()

    @contextmanager
    def _statement(self) -> Iterator[AdbcStatement]:
        with AdbcStatement(self._connection) as statement:
            self._running = statement
            try:
                yield statement
            finally:
                self._running = None


def where(connection: Mapping[str, Any]) -> str:
    """The server and database, for people."""
    return f"Postgres at {connection['host']}:{connection.get('port', 5432)}/{connection['database']}"


def is_lost(fault: Exception) -> bool:
    """Whether the connection is gone, and not only a statement refused."""
    state = getattr(fault, "sqlstate", None) or ""
    return (state.startswith(("08", "57P")) and state != "08P01") or (not state and bool(_LOST.search(str(fault))))


def said(fault: Exception) -> str:
    """What the server or the driver says, on one line, without the statement."""
    text = str(fault)
    if match := _SAID.search(text):
        more = [each[1] for each in (_DETAIL.search(text), _COLUMN.search(text)) if each]
        hint = _BUSY if getattr(fault, "sqlstate", None) == _LOCKED else ""
        return match[1].strip() + (f" ({'; '.join(more)})" if more else "") + hint
    return " ".join(re.sub(r"^\w+: \[libpq\] ", "", text).split())
