"""A Store on disk or on a server, the DataSet `users` in it, and a look at what is really there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.duckdb.factory import DuckDB
from datakit_iac.technologies.postgres.factory import Postgres
from datakit_iac.technologies.snowflake.factory import Snowflake
from datakit_iac.technologies.technology import TableState
from tests.technologies.kits import postgres, postgres_kit, snowflake_as_somebody, snowflake_kit

PATH: Final = "warehouse.duckdb"
ID: Final = {"name": "id", "type": "bigint"}
NAME: Final = {"name": "name", "type": "text", "description": "What they are called."}


class Warehouse:
    """Inputs for the provider, and the Store itself: a DuckDB file.

    Attributes:
        store: the inputs of the Store.
        location: what its ID is.
        text: its type of texts.
        default_schema: that of a table which names none.
    """

    store: dict[str, Any] = {"name": "warehouse", "technology": "duckdb", "connection": {"path": PATH}}
    location = f"duckdb:{PATH}"
    text = "VARCHAR"
    default_schema = "main"

    def users(self, *columns: object, **more: object) -> dict[str, Any]:
        """The inputs of the DataSet `users`."""
        return {
            "name": "users",
            "store": self.store,
            "table": "raw.users",
            "schema": list(columns or (ID, NAME)),
            "description": "All users.",
            "deletion": "retain",
            "downstream": ["marts", "report"],
            "manifest": "dataset/users.yaml:3:9",
            **more,
        }

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """SQL by hand, behind the provider's back."""
        with duckdb.connect(PATH) as database:
            return database.execute(sql).fetchall()

    def rows(self, table: str = "raw.users") -> list[tuple[Any, ...]]:
        """The rows of a table, sorted."""
        return sorted(self.run(f"SELECT * FROM {table}"))

    def tables(self) -> list[str]:
        """The names of all tables."""
        return [row[0] for row in self.run("SELECT table_name FROM duckdb_tables() ORDER BY 1")]

    def live(self, table: str = "raw.users") -> TableState | None:
        """A table as the technology describes it."""
        with DuckDB().open(Connection("duckdb", {"path": PATH})) as session:
            return session.describe(Place(table=table))

    def comment(self) -> str:
        """The comment of the only table."""
        ((comment,),) = self.run("SELECT comment FROM duckdb_tables()")
        return str(comment)

    def content(self) -> object:
        """The file's bytes, to prove that nothing was touched."""
        return Path(PATH).read_bytes()

    def remove(self) -> None:
        """Remove the whole Store."""
        Path(PATH).unlink()


class PostgresWarehouse(Warehouse):
    """The same as a database of a Postgres server."""

    text = "text"
    default_schema = "public"

    def __init__(self) -> None:
        kit = postgres_kit(Path())
        self.connection = kit.connection
        secrets, options = kit.connection.secrets, kit.connection.options
        self.store = {
            "name": "warehouse",
            "technology": "postgres",
            "connection": dict(options),
            "secrets": dict(secrets),
        }
        self.location = f"postgres:{options['host']}:{options['port']}/{options['database']}"

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """SQL by hand, behind the provider's back."""
        with postgres(str(self.connection.options["database"])) as database:
            done = database.execute(sql)
            return done.fetchall() if done.description else []

    def tables(self) -> list[str]:
        """The names of all tables."""
        named = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        return [row[0] for row in self.run(f"{named} ORDER BY 1")]

    def live(self, table: str = "raw.users") -> TableState | None:
        """A table as the technology describes it."""
        with Postgres().open(self.connection) as session:
            return session.describe(Place(table=table))

    def comment(self) -> str:
        """The comment of the only table."""
        (table,) = self.tables()
        ((comment,),) = self.run(f"SELECT obj_description('raw.{table}'::regclass, 'pg_class')")
        return str(comment)

    def content(self) -> object:
        """Which transaction wrote each row of the catalog last, to prove that nothing was touched."""
        catalogs = ("pg_class", "pg_attribute", "pg_namespace", "pg_description")
        return [self.run(f"SELECT ctid::text, xmin::text FROM {name} ORDER BY 1") for name in catalogs]

    def remove(self) -> None:
        """Remove the whole Store."""
        with postgres("postgres") as database:
            database.execute(f"DROP DATABASE {self.connection.options['database']}")


class SnowflakeWarehouse(Warehouse):
    """The same as a database of an emulator of Snowflake."""

    text = "VARCHAR"
    default_schema = "public"

    def __init__(self) -> None:
        kit = snowflake_kit(Path())
        self.connection = kit.connection
        options = dict(kit.connection.options)
        self.store = {
            "name": "warehouse",
            "technology": "snowflake",
            "connection": options,
            "secrets": dict(kit.connection.secrets),
        }
        self.location = f"snowflake:{options['account']}/{options['database'].lower()}"

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """SQL by hand, behind the provider's back."""
        with snowflake_as_somebody(str(self.connection.options["database"])) as database:
            rows: list[tuple[Any, ...]] = []
            for each in database.execute_string(sql):
                rows = [tuple(row) for row in each.fetchall()]
            return rows

    def tables(self) -> list[str]:
        """The names of all tables."""
        return [row[0].lower() for row in self.run("SELECT table_name FROM information_schema.tables ORDER BY 1")]

    def live(self, table: str = "raw.users") -> TableState | None:
        """A table as the technology describes it."""
        with Snowflake().open(self.connection) as session:
            return session.describe(Place(table=table))

    def comment(self) -> str:
        """The comment of the only table."""
        ((comment,),) = self.run("SELECT comment FROM information_schema.tables")
        return str(comment)

    def content(self) -> object:
        """All that the catalog tells and all rows, to prove that nothing was touched."""
        tables = self.run("SELECT table_schema, table_name, comment FROM information_schema.tables ORDER BY 1, 2")
        told = "table_name, column_name, data_type, is_nullable, comment"
        columns = self.run(f"SELECT {told} FROM information_schema.columns ORDER BY 1, 2")
        rows = [sorted(map(str, self.run(f'SELECT * FROM "{schema}"."{name}"'))) for schema, name, _ in tables]
        return tables, columns, rows
