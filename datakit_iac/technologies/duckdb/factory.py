"""The Technology `duckdb`: cheap to import, for the driver comes with the session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from datakit_iac.contract.connection import Connection
from datakit_iac.technologies.duckdb.connection import DuckDBConnection
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.sql.file import SqlFile
from datakit_iac.technologies.technology import Capabilities

if TYPE_CHECKING:
    from datakit_iac.technologies.duckdb.session import DuckDBSession


class DuckDB(SqlFile):
    """Tables in a DuckDB file. It keeps no length of strings; all other types are kept as declared."""

    name = "duckdb"
    capabilities = Capabilities(places=("table",), single_writer=True, embedded=True)
    dialect = DUCKDB
    connection = DuckDBConnection
    log = ".wal"

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[DuckDBSession]:
        """Open the file; another process that holds it is waited for."""
        from datakit_iac.technologies.duckdb.session import DuckDBSession, connect

        with connect(self.path(connection, create=create)) as database:
            yield DuckDBSession(database)
