"""The Technology `duckdb`: cheap to import, for the driver comes with the session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from datakit_iac.contract.connection import Connection
from datakit_iac.technologies.duckdb.connection import DuckDBConnection
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.sql.file import SqlFile
from datakit_iac.technologies.technology import Capabilities, StoreError

if TYPE_CHECKING:
    from datakit_iac.technologies.duckdb.session import DuckDBSession

PATIENCE: Final = 60.0
"""Seconds for which a job waits for another process that has the file open."""


class DuckDB(SqlFile):
    """Tables in a DuckDB file. It keeps no length of strings; all other types are kept as declared."""

    name = "duckdb"
    capabilities = Capabilities(places=("table",), single_writer=True, embedded=True, keeps_order=True)
    dialect = DUCKDB
    connection = DuckDBConnection
    log = ".wal"

    def connect(self, dsn: str) -> Any:
        """A `duckdb.DuckDBPyConnection`; another process that holds the file is waited for."""
        from datakit_iac.technologies.duckdb.opening import OpeningError, opened

        try:
            return opened(Path(unquote(urlsplit(dsn).path)), PATIENCE, longest_pause=1.0)
        except OpeningError as fault:
            raise StoreError(str(fault)) from fault

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[DuckDBSession]:
        """Open the file; another process that holds it is waited for."""
        from datakit_iac.technologies.duckdb.session import DuckDBSession, connect

        with connect(self.path(connection, create=create)) as database:
            yield DuckDBSession(database)
