"""The Technology `snowflake`: cheap to import, for the driver comes with the session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.snowflake import grants, statements
from datakit_iac.technologies.snowflake.catalog import Relation
from datakit_iac.technologies.snowflake.connection import SnowflakeConnection
from datakit_iac.technologies.snowflake.dialect import SNOWFLAKE, spoken
from datakit_iac.technologies.sql import ddl
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.sql.snapshot import Snapshots
from datakit_iac.technologies.sql.technology import SqlTechnology
from datakit_iac.technologies.technology import Capabilities, StoreError, missing_driver

if TYPE_CHECKING:
    from datakit_iac.technologies.snowflake.session import SnowflakeSession

_LONGEST_NAME: Final = 255
"""https://docs.snowflake.com/en/sql-reference/identifiers"""


class Snowflake(SqlTechnology):
    """Tables of a database of a Snowflake account; whole numbers have one type, and a key is a promise."""

    name = "snowflake"
    capabilities = Capabilities(
        places=("table",), pooled=True, enforces_keys=True, keeps_tags=True, longest_name=_LONGEST_NAME
    )
    dialect = SNOWFLAKE
    connection = SnowflakeConnection

    def __init__(self) -> None:
        self._snapshots: Snapshots[Relation] = Snapshots()

    def spoken(self, connection: Connection) -> Dialect:
        """The dialect with the schema of a table that names none."""
        return spoken(connection.options)

    def location(self, connection: Connection) -> str:
        """Account and database, of which Snowflake tells no upper from lower case."""
        account, database = (str(connection.options.get(name, "")) for name in ("account", "database"))
        return f"{self.name}:{quote(account.lower(), safe='.')}/{quote(database.lower(), safe='')}"

    def at(self, location: str) -> Connection:
        """The database of an account; the variables of Snowflake's command line say who signs in.

        Raises:
            StoreError: the text tells no database of an account.
        """
        account, _, database = location.removeprefix(f"{self.name}:").partition("/")
        if not (account and database):
            raise StoreError(f"{location} does not tell a database; expected {self.name}:ACCOUNT/DATABASE")
        return Connection(self.name, {"account": unquote(account), "database": unquote(database)})

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """`CREATE TABLE` with what is granted, or what carries out each change."""
        options = dataset.connection.options
        dialect = spoken(options)
        if changes is not None:
            return statements.alter(options, dataset, list(changes))
        wanted, database = options.get("grants") or {}, str(options.get("database", ""))
        granting = grants.statements(dialect, database, dataset.place, wanted, {}, kind="TABLE")
        return [*ddl.schema(dialect, dataset.place), statements.create(options, dataset), *granting]

    def dsn(self, connection: Connection) -> str:
        """A URL as Snowflake's SQLAlchemy dialect has them, with the fields of the connection that it does not name."""
        from datakit_iac.technologies.snowflake import dsn

        return dsn.written(connection)

    def connect(self, dsn: str) -> Any:
        """A `snowflake.connector.SnowflakeConnection`, which commits each statement."""
        from datakit_iac.technologies.snowflake import dsn as addresses

        options = addresses.read(dsn)
        try:
            import snowflake.connector

            from datakit_iac.technologies.snowflake.opening import SignInError, connected
            from datakit_iac.technologies.snowflake.refusals import unreachable
        except ImportError as lacking:
            raise _lacking(lacking) from lacking
        try:
            return connected(options, database=str(options["database"]), schema=str(options["schema"]))
        except (SignInError, snowflake.connector.Error) as fault:
            raise StoreError(unreachable(options, fault)) from fault

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[SnowflakeSession]:
        """Connect to the database; it and the schema of the connection are made where `create` says so."""
        try:
            from datakit_iac.technologies.snowflake.session import connect
        except ImportError as lacking:
            raise _lacking(lacking) from lacking
        with (
            self._snapshots.of(self.location(connection)) as snapshot,
            connect(connection, create=create, snapshot=snapshot) as session,
        ):
            yield session


def _lacking(fault: ImportError) -> StoreError:
    return StoreError(missing_driver("Snowflake", "snowflake", fault))
