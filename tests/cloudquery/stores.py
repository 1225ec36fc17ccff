"""Databases of each kind that the tests of destinations load into, and syncs as the CLI would send them."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
from psycopg import sql

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb.cloudquery import load as duckdb_load
from datakit_iac.technologies.duckdb.cloudquery.spec import DuckDBSpec
from datakit_iac.technologies.postgres.cloudquery import load as postgres_load
from datakit_iac.technologies.postgres.cloudquery.spec import PostgresSpec
from datakit_iac.technologies.postgres.opening import connected
from datakit_iac.technologies.snowflake.cloudquery import load as snowflake_load
from datakit_iac.technologies.snowflake.cloudquery.spec import SnowflakeSpec
from datakit_iac.technologies.sql.loading.load import Load
from tests.servers.postgres import Postgres
from tests.servers.sharing import shared
from tests.technologies.kits import snowflake_as_somebody, snowflake_kit

Rows = list[dict[str, Any]]
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class Store(ABC):
    """A database, and syncs into it."""

    def __init__(self) -> None:
        self.syncs = 0

    @abstractmethod
    def sql(self, query: str) -> list[Any]:
        """Run statements; what the last one gives."""

    @abstractmethod
    def load(self, **spec: Any) -> Load:
        """A load that has begun."""

    @abstractmethod
    def comment(self, table: str) -> str | None:
        """The comment of a table."""

    @abstractmethod
    def columns(self, table: str) -> list[tuple[str, str | None, bool]]:
        """Name, comment and nullability of the columns of a table, in their order."""

    def begin(self, columns: dict[str, str], rows: Rows, key: Sequence[str] = (), **options: Any) -> Load:
        force, mode = options.get("force", False), options.get("mode", "")
        self.now = FIRST + timedelta(hours=self.syncs)
        self.syncs += 1
        fields = [wire.field(name, to_arrow(DataType.parse(kind)), key=name in key) for name, kind in columns.items()]
        stamps = [pa.field(wire.SYNC_TIME, pa.timestamp("us", tz="UTC")), pa.field(wire.SOURCE_NAME, pa.string())]
        schema = wire.table_schema(options.get("table", "raw.t"), [*stamps, *fields])
        spec = {name: options[name] for name in ("source", "run", "outputs") if name in options}
        load = self.load(write_mode=mode, **spec)
        try:
            load.migrate(wire.encode_schema(schema), force=force)
            stamped = [
                {wire.SYNC_TIME: self.now, wire.SOURCE_NAME: options.get("source", "src"), **row} for row in rows
            ]
            if stamped:
                load.insert(wire.encode_batch(pa.RecordBatch.from_pylist(stamped, schema=schema)))
        except BaseException:
            load.abandon()
            raise
        return load

    def sync(self, columns: dict[str, str], rows: Rows, key: Sequence[str] = (), **options: Any) -> None:
        load = self.begin(columns, rows, key, **options)
        try:
            if options.get("stale", True):
                source = options.get("source", "src")
                load.delete_stale(options.get("table", "raw.t"), source, self.now.replace(tzinfo=None))
            load.finish()
        except BaseException:
            load.abandon()
            raise
        load.commit()


class DuckDBStore(Store):
    """A DuckDB file."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "w.duckdb"

    def sql(self, query: str) -> list[Any]:
        with duckdb.connect(self.path) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(query).fetchall()

    def load(self, **spec: Any) -> Load:
        return duckdb_load.Load(DuckDBSpec(self.path, lock_timeout=0.2, **spec))

    def comment(self, table: str) -> str | None:
        ((found,),) = self.sql(
            f"SELECT comment FROM duckdb_tables() WHERE schema_name || '.' || table_name = '{table}'"
        )
        return found  # type: ignore[no-any-return]

    def columns(self, table: str) -> list[tuple[str, str | None, bool]]:
        return self.sql(
            "SELECT column_name, comment, is_nullable FROM duckdb_columns()"
            f" WHERE schema_name || '.' || table_name = '{table}' ORDER BY column_index"
        )


class PostgresStore(Store):
    """A new database of the test run's server."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.connection = database(**{"lockTimeout": 1})

    def sql(self, query: str) -> list[Any]:
        with connected(self.connection) as connection:
            cursor = connection.execute(query)
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def load(self, **spec: Any) -> Load:
        return postgres_load.Load(PostgresSpec(self.connection, **spec))

    def comment(self, table: str) -> str | None:
        ((found,),) = self.sql(f"SELECT obj_description('{table}'::regclass, 'pg_class')")
        return found  # type: ignore[no-any-return]

    def columns(self, table: str) -> list[tuple[str, str | None, bool]]:
        return self.sql(
            "SELECT attname, col_description(attrelid, attnum), NOT attnotnull FROM pg_attribute"
            f" WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )


class SnowflakeStore(Store):
    """A new database of the test run's emulator; as in Snowflake, names that nobody quotes are in capitals."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        found = snowflake_kit(folder).connection
        self.connection = {**found.options, **{name: each.reveal() for name, each in found.secrets.items()}}
        self.somebody = snowflake_as_somebody(self.connection["database"])
        self.somebody.cursor().execute("CREATE SCHEMA IF NOT EXISTS public")

    def sql(self, query: str) -> list[Any]:
        rows: list[Any] = []
        for each in self.somebody.execute_string(query):
            rows = each.fetchall()
        return rows

    def load(self, **spec: Any) -> Load:
        return snowflake_load.Load(SnowflakeSpec(self.connection, **spec))

    def comment(self, table: str) -> str | None:
        ((found,),) = self.sql(
            f"SELECT comment FROM information_schema.tables WHERE table_schema || '.' || table_name = '{table.upper()}'"
        )
        return found  # type: ignore[no-any-return]

    def columns(self, table: str) -> list[tuple[str, str | None, bool]]:
        found = self.sql(
            "SELECT column_name, comment, is_nullable FROM information_schema.columns"
            f" WHERE table_schema || '.' || table_name = '{table.upper()}' ORDER BY ordinal_position"
        )
        return [(name.lower(), comment, nullable == "YES") for name, comment, nullable in found]


def database(**options: Any) -> dict[str, Any]:
    """The connection of a new, empty database of the test run's Postgres."""
    facts = shared(Postgres)
    server = {**facts, "port": int(facts["port"]), **options}
    name = f"load {secrets.token_hex(6)}"
    with psycopg.connect(**{**facts, "dbname": "postgres"}, autocommit=True) as maintenance:  # type: ignore[arg-type]
        maintenance.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return {**server, "database": name}


KINDS: dict[str, Callable[[Path], Store]] = {
    "duckdb": DuckDBStore,
    "postgres": PostgresStore,
    "snowflake": SnowflakeStore,
}
