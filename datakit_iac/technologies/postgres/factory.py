"""The Technology `postgres`: cheap to import, for the driver comes with the session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlencode

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.postgres import grants, labels, locks
from datakit_iac.technologies.postgres.catalog import Relation
from datakit_iac.technologies.postgres.connection import PostgresConnection
from datakit_iac.technologies.postgres.dialect import POSTGRES, spoken
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.snapshot import Snapshots
from datakit_iac.technologies.sql.technology import SqlTechnology
from datakit_iac.technologies.technology import Capabilities, StoreError, StoreMissingError, missing_driver

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from datakit_iac.technologies.postgres.session import PostgresSession

_PORT: Final = 5432
_PATIENCE: Final = 10
"""Seconds."""
_LONGEST_NAME: Final = 63
"""https://www.postgresql.org/docs/current/limits.html; the server cuts a longer one without an error."""


class Postgres(SqlTechnology):
    """Tables of a database of a Postgres server."""

    name = "postgres"
    capabilities = Capabilities(
        places=("table",),
        pooled=True,
        enforces_keys=True,
        keeps_order=True,
        keeps_tags=True,
        longest_name=_LONGEST_NAME,
    )
    dialect = POSTGRES
    connection = PostgresConnection

    def __init__(self) -> None:
        self._snapshots: Snapshots[Relation] = Snapshots()

    def spoken(self, connection: Connection) -> Dialect:
        """The dialect with the schema of a table that names none."""
        return spoken(connection.options)

    def history_engine(self, connection: Connection) -> Engine:
        """See `technologies.roles.HoldsHistory`; a server that does not answer is given up after ten seconds."""
        from sqlalchemy import create_engine

        psycopg, dsn = _driver(), self.dsn(connection)
        patience = {"connect_timeout": _PATIENCE, "tcp_user_timeout": 1000 * _PATIENCE}
        return create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(dsn, **patience), pool_pre_ping=True
        )

    def location(self, connection: Connection) -> str:
        """Server and database, as they are named."""
        options = connection.options
        host, database = str(options.get("host", "")).lower(), str(options.get("database", ""))
        return f"{self.name}:{quote(host, safe='')}:{options.get('port', _PORT)}/{quote(database, safe='')}"

    def at(self, location: str) -> Connection:
        """The database of a server; role and password are those that libpq finds (`PGUSER`, `PGPASSWORD`, a file).

        Raises:
            StoreError: the text tells no database of a server.
        """
        _, host, rest = (*location.split(":", 2), "", "")[:3]
        port, _, database = rest.partition("/")
        if not (host and port.isdigit() and database):
            raise StoreError(f"{location} does not tell a database; expected {self.name}:HOST:PORT/DATABASE")
        return Connection(self.name, {"host": unquote(host), "port": int(port), "database": unquote(database)})

    def address(self, place: Place, connection: Connection) -> str:
        """Schema and table; upper and lower case are two places."""
        return ".".join(spoken(connection.options).parts(place))

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """`CREATE TABLE` with what is granted, or what carries out each change."""
        told = super().ddl(dataset, changes)
        if changes is None:
            wanted = dataset.connection.options.get("grants") or {}
            told += grants.statements(self.spoken(dataset.connection), dataset.place, wanted, {})
            said = dataset.connection.options.get("securityLabels") or {}
            told += labels.statements(said, self.spoken(dataset.connection), dataset, {})
        return told

    def lock(self, change: Change) -> str:
        """The locks of a change, and how long they are held."""
        return locks.lock(change)

    def dsn(self, connection: Connection) -> str:
        """A connection URI (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS)."""
        options, password = connection.options, connection.secrets.get("password")
        user = quote(str(options.get("user", "")), safe="")
        login = f"{user}:{quote(password.reveal(), safe='')}" if password else user
        host = quote(str(options["host"]), safe="[]:")
        database = quote(str(options["database"]), safe="")
        said = {name: options[name] for name in ("sslmode", "sslrootcert") if name in options}
        if schema := options.get("schema"):
            said["options"] = f"-csearch_path={schema}"
        query = f"?{urlencode(said, quote_via=quote)}" if said else ""
        return f"postgresql://{login}{'@' if login else ''}{host}:{options.get('port', _PORT)}/{database}{query}"

    def connect(self, dsn: str) -> Any:
        """A `psycopg.Connection`."""
        psycopg = _driver()
        try:
            return psycopg.connect(dsn)
        except psycopg.Error as fault:
            raise StoreError(f"Postgres: {fault}") from fault

    def size(self, connection: Connection) -> int:
        """The database, its catalog included."""
        try:
            with self.open(connection) as session:
                ((size,),) = session.rows("SELECT pg_database_size(current_database())")
        except StoreMissingError:
            return 0
        return int(size)

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[PostgresSession]:
        """Connect to the database; it and the schema of the connection are made where `create` says so."""
        try:
            from datakit_iac.technologies.postgres.session import connect
        except ImportError as lacking:
            raise _lacking(lacking) from lacking
        with (
            self._snapshots.of(self.location(connection)) as snapshot,
            connect(connection, create=create, snapshot=snapshot) as session,
        ):
            yield session


def _driver() -> Any:
    """The module `psycopg`; late, for it takes long to import.

    Raises:
        StoreError: it is not installed.
    """
    try:
        import psycopg
    except ImportError as lacking:
        raise _lacking(lacking) from lacking
    return psycopg


def _lacking(fault: ImportError) -> StoreError:
    return StoreError(missing_driver("Postgres", "postgres", fault))
