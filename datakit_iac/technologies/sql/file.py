"""A Technology whose Store is one database file: embedded engines."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from datakit_iac.contract.connection import Connection
from datakit_iac.findings.fault import Fault
from datakit_iac.technologies.canonical import canonical
from datakit_iac.technologies.sql.technology import SqlTechnology
from datakit_iac.technologies.technology import StoreError, StoreMissingError


class SqlFile(SqlTechnology):
    """A file whose connection has a `path`; `name`, `capabilities`, `connection` and `open` are added.

    Attributes:
        log: the end of the name of a file beside it that holds what is not in it yet; empty where there is none.
    """

    log = ""

    def check(self, connection: Connection, *, create: bool = False) -> list[Fault]:
        """What the model says, then a path that can be no database file.

        Whether the file is there is not asked: it may be made before the Store is reached.
        """
        return super().check(connection) or [
            Fault("invalid-connection", ("path",), each) for each in _unusable(connection.options["path"])
        ]

    def location(self, connection: Connection) -> str:
        """The file, however its path is spelled."""
        return f"{self.name}:{canonical(connection.options['path'])}"

    def at(self, location: str) -> Connection:
        """The Store of a path."""
        return Connection(self.name, {"path": location.partition(":")[2]})

    def size(self, connection: Connection) -> int:
        """The file, and what is not in it yet."""
        path = Path(connection.options["path"]).expanduser()
        try:
            return sum(each.stat().st_size for each in {path, path.with_name(path.name + self.log)} if each.exists())
        except OSError as fault:
            raise StoreError(f"{path}: {fault.strerror or fault}") from fault

    def dsn(self, connection: Connection) -> str:
        """The file, e.g. ``duckdb:///srv/warehouse.duckdb``."""
        return f"{self.name}://{quote(str(Path(connection.options['path']).expanduser().absolute()))}"

    def path(self, connection: Connection, *, create: bool) -> Path:
        """The file, which is there or may be made.

        Raises:
            StoreMissingError: it is not there, and is not to be made.
            StoreError: its folder cannot be made.
        """
        path = Path(connection.options["path"]).expanduser()
        if not create and not path.exists():
            raise StoreMissingError(
                f"there is no {self.dialect.name} file {path}; let its Store make it (`create: true`), or fix the path"
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise StoreError(
                f"the folder of {self.dialect.name} file {path} cannot be made: {fault.strerror}"
            ) from fault
        return path


def _unusable(path: str) -> list[str]:
    """Why a path can be no database file, as far as looking at it tells."""
    try:
        file = Path(path).expanduser().absolute()
        if file.exists():
            usable = file.is_file() and os.access(file, os.R_OK | os.W_OK)
            return [] if usable else [f"{path} is not a file that can be read and written"]
        above = next(folder for folder in file.parents if folder.exists())
    except (OSError, RuntimeError) as fault:  # a folder on the way that may not be looked into, a name too long
        return [f"{path} cannot be looked at: {getattr(fault, 'strerror', None) or fault}"]
    usable = above.is_dir() and os.access(above, os.W_OK)
    return [] if usable else [f"{path} cannot be made: {above} is not a folder that can be written"]
