"""A DuckDB Store on disk, the DataSet `users` in it, and a look at what is really there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import duckdb

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.duckdb.factory import DuckDB
from datakit_iac.technologies.technology import TableState

PATH: Final = "warehouse.duckdb"
ID: Final = {"name": "id", "type": "bigint"}
NAME: Final = {"name": "name", "type": "text", "description": "What they are called."}


class Warehouse:
    """Inputs for the provider, and the Store itself."""

    store: Final = {"name": "warehouse", "technology": "duckdb", "connection": {"path": PATH}}

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

    def content(self) -> bytes:
        """The file's bytes, to prove that nothing was touched."""
        return Path(PATH).read_bytes()
