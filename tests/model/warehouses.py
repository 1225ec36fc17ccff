"""The databases that hold the tables of a story, and how their SQL differs."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import duckdb
import psycopg

from tests.servers.postgres import Postgres as Server
from tests.servers.sharing import shared

PASSWORD: Final = "MODEL_PASSWORD"
"""The variable that holds the password of the server."""


class Connection(Protocol):
    """A connection that reads."""

    def columns(self, schema: str, table: str) -> dict[str, str]:
        """The types of the columns of a table, as `values.spelled` has them; empty where it is missing."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives."""


class Warehouse(ABC):
    """A database, which is the same for a story and its copies, one after the other.

    Attributes:
        type: the technology.
        spellings: ways to spell its path.
        typeof: the function that tells a value's type.
    """

    type: str
    spellings: tuple[str, ...] = ("",)
    typeof: str

    @abstractmethod
    def binding(self, path: str) -> dict[str, Any]:
        """What an environment binds the Store to."""

    @abstractmethod
    def told(self, type_: str) -> str:
        """The answer of `typeof` for a type as `values.spelled` has it."""

    @abstractmethod
    def opened(self, file: Path) -> AbstractContextManager[Connection | None]:
        """A connection to it; None where there is no database yet."""

    def __deepcopy__(self, memo: object) -> Warehouse:
        return self

    @abstractmethod
    def keep(self) -> None:
        """What it holds now is what each copy begins with."""

    @abstractmethod
    def begin_copy(self) -> None:
        """Hold what was kept."""


class DuckDB(Warehouse):
    """A file, which is copied with its folder."""

    type, typeof = "duckdb", "typeof({})"
    spellings = (
        "warehouse.duckdb",
        "./data/../warehouse.duckdb",
        "ROOT/project/warehouse.duckdb",
        "../project/warehouse.duckdb",
    )

    def binding(self, path: str) -> dict[str, Any]:
        return {"path": path}

    def told(self, type_: str) -> str:
        return type_

    @contextmanager
    def opened(self, file: Path) -> Iterator[Connection | None]:
        if not file.exists():
            yield None
            return
        with duckdb.connect(file, read_only=True) as database:
            yield _DuckDBConnection(database)

    def keep(self) -> None:
        """The file is in the folder that is copied."""

    def begin_copy(self) -> None:
        """The file was copied."""


class _DuckDBConnection:
    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database

    def columns(self, schema: str, table: str) -> dict[str, str]:
        found = self._database.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ?",
            [schema, table],
        )
        return dict(found.fetchall())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._database.execute(query).fetchall()


class Postgres(Warehouse):
    """A database of the test run's server; a copy of the story begins with one made from a template."""

    type, typeof = "postgres", "pg_typeof({})::text"

    def __init__(self) -> None:
        self._facts = shared(Server)
        self._name = f"model_{secrets.token_hex(6)}"
        self._maintain("CREATE DATABASE {name}")

    @property
    def password(self) -> str:
        return self._facts["password"]

    def binding(self, path: str) -> dict[str, Any]:
        facts = {"host": self._facts["host"], "port": int(self._facts["port"]), "user": self._facts["user"]}
        named = {"type": "postgres", "database": self._name, "schema": "main"}
        return {**named, **facts, "secrets": {"password": f"${{{PASSWORD}}}"}}

    def told(self, type_: str) -> str:
        return {"VARCHAR": "text", "DOUBLE": "double precision"}.get(type_, type_.partition("(")[0].lower()).replace(
            "decimal", "numeric"
        )

    @contextmanager
    def opened(self, file: Path) -> Iterator[Connection | None]:
        with self._connected(self._name) as connection:
            yield _PostgresConnection(connection)

    def keep(self) -> None:
        self._maintain("CREATE DATABASE {name}_kept TEMPLATE {name}")

    def begin_copy(self) -> None:
        self._maintain("DROP DATABASE {name} WITH (FORCE)", "CREATE DATABASE {name} TEMPLATE {name}_kept")

    def _maintain(self, *statements: str) -> None:
        with self._connected("postgres") as connection:
            for statement in statements:
                connection.execute(statement.format(name=self._name).encode())

    def _connected(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        facts = {name: self._facts[name] for name in ("host", "port", "user", "password")}
        return psycopg.connect(psycopg.conninfo.make_conninfo(dbname=database, **facts), autocommit=True)


_SPELLED: Final = {"text": "VARCHAR", "character varying": "VARCHAR", "double precision": "DOUBLE"}


class _PostgresConnection:
    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def columns(self, schema: str, table: str) -> dict[str, str]:
        found = self._connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
            " WHERE relnamespace::regnamespace::text = %s AND relname = %s AND attnum > 0 AND NOT attisdropped",
            [schema, table],
        )
        types: Mapping[str, str] = dict(found.fetchall())
        return {name: _SPELLED.get(kind, kind.upper().replace("NUMERIC", "DECIMAL")) for name, kind in types.items()}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(query.encode()).fetchall()


KINDS: Final[Mapping[str, type[Warehouse]]] = {"duckdb": DuckDB, "postgres": Postgres}
