"""The Technology `duckdb`: cheap to import, for the driver comes with the session."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.connections import Fault
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.canonical import canonical
from datakit_iac.technologies.duckdb.connection import DuckDBConnection
from datakit_iac.technologies.duckdb.dialect import DUCKDB
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.sql import ddl
from datakit_iac.technologies.technology import Capabilities, StoreError, StoreMissingError

if TYPE_CHECKING:
    from datakit_iac.technologies.duckdb.session import DuckDBSession


class DuckDB:
    """Tables in a DuckDB file."""

    name = "duckdb"
    connection = DuckDBConnection
    capabilities = Capabilities(places=("table",), single_writer=True, embedded=True)

    def check(self, connection: Connection, *, create: bool = False) -> list[Fault]:
        """What the model says, then a path that can be no database file.

        Whether the file is there is not asked: it may be made before the Store is reached.
        """
        faults = self.connection.faults(self.name, connection.options, connection.secrets)
        return faults or [
            Fault("invalid-connection", ("path",), each) for each in _unusable(connection.options["path"])
        ]

    def location(self, connection: Connection) -> str:
        """The file, however its path is spelled."""
        return f"{self.name}:{canonical(connection.options['path'])}"

    def at(self, location: str) -> Connection:
        """The Store of a path."""
        return Connection(self.name, {"path": location.partition(":")[2]})

    def address(self, place: Place) -> str:
        """Schema and table, the schema left out where it is ``main``; DuckDB knows no upper and lower case of names."""
        return DUCKDB.address(place)

    def size(self, connection: Connection) -> int:
        """The file, and the log of what is not in it yet."""
        path = Path(connection.options["path"]).expanduser()
        try:
            return sum(each.stat().st_size for each in (path, path.with_name(f"{path.name}.wal")) if each.exists())
        except OSError as fault:
            raise StoreError(f"{path}: {fault.strerror or fault}") from fault

    def canonical(self, data_type: DataType) -> DataType:
        """DuckDB keeps no length of strings; all else is kept as declared."""
        return DUCKDB.read(DUCKDB.write(data_type))

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """`CREATE TABLE`, or one `ALTER TABLE` or `COMMENT` for each change."""
        return ddl.create(DUCKDB, dataset) if changes is None else ddl.alter(DUCKDB, dataset.place, changes)

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[DuckDBSession]:
        """Open the file; another process that holds it is waited for."""
        from datakit_iac.technologies.duckdb.session import DuckDBSession, connect

        path = Path(connection.options["path"]).expanduser()
        if not create and not path.exists():
            raise StoreMissingError(
                f"there is no DuckDB file {path}; let its Store make it (`create: true`), or mend the path"
            )
        with connect(path) as database:
            yield DuckDBSession(database)


def _unusable(path: str) -> list[str]:
    """Why a path can be no database file, as far as looking at it tells."""
    try:
        file = Path(path).expanduser().absolute()
        if file.exists():
            usable = file.is_file() and os.access(file, os.R_OK | os.W_OK)
            return [] if usable else [f"{path} is no file that can be read and written"]
        above = next(folder for folder in file.parents if folder.exists())
    except (OSError, RuntimeError) as fault:  # a folder on the way that may not be looked into, a name too long
        return [f"{path} cannot be looked at: {getattr(fault, 'strerror', None) or fault}"]
    usable = above.is_dir() and os.access(above, os.W_OK)
    return [] if usable else [f"{path} cannot be made: {above} is no folder that can be written"]
