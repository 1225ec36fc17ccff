"""A Snowflake database in one sync: rows wait in temporary tables, and are moved in one short transaction."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa
import snowflake.connector

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.snowflake import catalog, types
from datakit_iac.technologies.snowflake.cloudquery.conversion import FORMAT, Incoming, write
from datakit_iac.technologies.snowflake.dialect import literal, quote
from datakit_iac.technologies.snowflake.opening import Cursor, SignInError, connected, patience
from datakit_iac.technologies.snowflake.refusals import is_cut, said_by, unreachable
from datakit_iac.technologies.sql.loading.database import Database, LiveColumn, LiveTable, RefusedError, TableName

_LOADED: Final = 3
"""The column of what COPY INTO gives that counts rows (https://docs.snowflake.com/en/sql-reference/sql/copy-into-table#output)."""


@dataclass(frozen=True, slots=True)
class SnowflakeName(TableName):
    """A table's schema and name, of which Snowflake tells no upper from lower case."""

    @property
    def sql(self) -> str:
        """The name in capitals, quoted."""
        return f"{quote(self.schema)}.{quote(self.table)}"


class SnowflakeDatabase(Database):
    """An open database.

    Raises:
        PluginFault: it cannot be opened.
    """

    widens = False
    announces = True

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self.default_schema = str(connection.get("schema", "PUBLIC"))
        self._where = f"Snowflake account {connection['account']}"
        self._database = str(connection["database"])
        self._files = tempfile.TemporaryDirectory(prefix="datakit-snowflake-")
        self._prefix, self._count = f"DATAKIT_{uuid4().hex.upper()}", 0
        self._stages: set[str] = set()
        self._waiting: list[str] = []
        self._comments: dict[TableName, str] = {}
        self._before: dict[TableName, str] = {}
        self._announced: dict[TableName, str] = {}
        self._settled = False
        self._live: dict[TableName, Mapping[str, str]] = {}
        try:
            self._connection = connected(connection, network_timeout=patience(connection))
        except (SignInError, snowflake.connector.Error) as fault:
            self._files.cleanup()
            raise PluginFault(unreachable(connection, fault)) from fault

    def begin(self, outputs: Iterable[TableName]) -> None:
        """Enter the database, where tests find tables without a schema; its rows are changed at the end."""
        self.execute(f"USE DATABASE {quote(self._database)}")
        if self._has_schema(self.default_schema):
            self.execute(f"USE SCHEMA {quote(self._database)}.{quote(self.default_schema)}")

    def execute(self, sql: str) -> None:
        """Run one statement."""
        self._run(sql)

    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """What a query gives."""
        found: list[tuple[Any, ...]] = self._run(sql).fetchall()
        return found

    def change(self, sql: str) -> None:
        """Change rows at the end, where no table is changed any more."""
        if self._settled:
            self.execute(sql)
        else:
            self._waiting.append(sql)

    def settle(self) -> None:
        """Begin the transaction, and change all rows."""
        self.execute("BEGIN TRANSACTION")
        self._settled = True
        for statement in self._waiting:
            self.execute(statement)

    def describe(self, name: TableName) -> LiveTable | None:
        """The table or view, from the catalog."""
        found = catalog.find(self._asked, self._database, (name.schema, name.table), privileges=False)
        if found is None:
            return None
        live = [_live(each) for each in found.described]
        self._before[name] = found.comment
        is_view = found.kind in ("VIEW", "MATERIALIZED VIEW")
        return LiveTable({self.folded(column.name): column for column in live}, found.comment, is_view)

    def write(self, data_type: DataType) -> str:
        """A column's type in DDL."""
        return types.write(data_type)

    def canonical(self, data_type: DataType) -> DataType:
        """What Snowflake keeps of a type."""
        return types.read(types.write(data_type))

    def create_schema(self, schema: str) -> None:
        """Make a schema that is not there; to ask for that first takes no privilege."""
        if not self._has_schema(schema):
            super().create_schema(schema)

    def append(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> None:
        """Bring rows to a temporary table, from which they go into theirs at the end."""
        columns = ", ".join(map(quote, batches[0].schema.names))
        with self.staged(name, batches) as incoming:
            self.change(f"INSERT INTO {name.sql} ({columns}) SELECT {columns} FROM {incoming} AS new")

    @contextmanager
    def staged(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> Iterator[str]:
        """The rows in a temporary table, which ends with the session."""
        spellings = self._spellings(name)
        columns = [Incoming(each, spellings[self.folded(each)]) for each in batches[0].schema.names]
        self._count += 1
        stage, file = f"{quote(name.schema)}.{quote(self._prefix)}", f"{self._count:06}.parquet"
        table = f"{quote(name.schema)}.{quote(f'{self._prefix}_{self._count}')}"
        path = Path(self._files.name, file)
        rows = write(path, batches, columns, str(name))
        if name.schema not in self._stages:
            self.execute(f"CREATE TEMPORARY STAGE {stage}")
            self._stages.add(name.schema)
        self.execute(f"CREATE TEMPORARY TABLE {table} ({', '.join(each.definition for each in columns)})")
        self.execute(f"PUT {literal(path.as_uri())} @{stage} AUTO_COMPRESS = FALSE")
        path.unlink()
        copied = self.rows(f"COPY INTO {table} FROM @{stage}/{file} {FORMAT} MATCH_BY_COLUMN_NAME = CASE_SENSITIVE")
        loaded = sum(int(row[_LOADED]) for row in copied if len(row) > _LOADED)
        if loaded != rows:
            raise RefusedError(f"{rows:,} rows were sent to {self._where}, and {loaded:,} came; run it again")
        yield f"(SELECT {', '.join(each.value for each in columns)} FROM {table})"

    def replaced(self, name: TableName, key: Sequence[str], incoming: str, but: str = "") -> str:
        """The statement that removes the rows whose keys come again."""
        keys = ", ".join(map(quote, key))
        same = " AND ".join(f"{name.sql}.{quote(each)} = new.{quote(each)}" for each in key)
        time = f"{name.sql}.{quote(wire.SYNC_TIME)}"
        kept = f" AND ({time} IS NULL OR {time} <> {but})" if but else ""
        return f"DELETE FROM {name.sql} USING (SELECT DISTINCT {keys} FROM {incoming} AS new) AS new WHERE {same}{kept}"

    def comment(self, name: TableName, text: str) -> None:
        """Give the table a comment; within the transaction, which that would end, once it is committed."""
        if self._settled:
            self._comments[name] = text
            return
        super().comment(name, text)
        self._announced[name] = self._before.get(name, text)

    def quoted(self, name: str) -> str:
        """The name of a column or schema, in capitals and quoted."""
        return quote(name)

    def literal(self, text: str) -> str:
        """A text literal."""
        return literal(text)

    def name(self, text: str) -> TableName:
        """Read a table's name, with or without a schema."""
        found = super().name(text)
        return SnowflakeName(found.schema.lower(), found.table.lower(), self.default_schema.lower())

    def commit(self) -> None:
        """Make it last, tell so in the comments, and close."""
        self._announced.clear()  # whatever becomes of the commit, the rows may be there
        try:
            self._run("COMMIT", "committing; whether the rows are there is not known")
            self._settled = False
            for name, text in self._comments.items():
                self._run(f"COMMENT ON TABLE {name.sql} IS {literal(text)}", "writing comments; the rows are there")
        finally:
            self.close()

    def close(self) -> None:
        """Roll back, take back what was announced, and close."""
        with suppress(RefusedError):
            if self._settled:
                self._settled = False
                self.execute("ROLLBACK")
            for name, text in self._announced.items():
                self.execute(f"COMMENT ON TABLE {name.sql} IS {literal(text)}")
        with suppress(snowflake.connector.Error):
            self._connection.close(retry=False)
        self._files.cleanup()

    def _asked(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.rows(sql)]

    def _has_schema(self, name: str) -> bool:
        return catalog.has_schema(self._asked, self._database, name)

    def _spellings(self, name: TableName) -> Mapping[str, str]:
        """How the columns' types are spelled, once all changes of them are done."""
        if name not in self._live:
            live = self.describe(name)
            self._live[name] = {key: each.spelling for key, each in live.columns.items()} if live else {}
        return self._live[name]

    def _run(self, sql: str, doing: str = "") -> Any:
        try:
            return self._connection.cursor(Cursor).execute(sql)
        except snowflake.connector.Error as fault:
            if is_cut(fault):
                kept = f"while {doing}" if doing else "the rows are as they were"
                raise RefusedError(
                    f"the connection to {self._where} was lost: {said_by(fault)}; {kept}: run it again"
                ) from fault
            raise RefusedError(said_by(fault)) from fault


def _live(found: catalog.Described) -> LiveColumn:
    kind = _type(found.spelling)
    return LiveColumn(catalog.shown(found.name), kind, found.spelling, found.is_required, found.has_default)


def _type(spelling: str) -> DataType | None:
    try:
        return types.read(spelling)
    except ValueError:
        return None
