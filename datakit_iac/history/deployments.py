"""What the last update of a stack deployed: where people must approve, nothing else runs."""

from __future__ import annotations

import time

import sqlalchemy as sa

from datakit_iac.history.database import Database
from datakit_iac.history.tables import DEPLOYED


class Deployments:
    """The deployed Transforms of one stack."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, transform: str, definition: str) -> None:
        """Record what an update deployed of a Transform.

        Raises:
            HistoryError: it cannot be written.
        """
        with self._database.written() as connection:
            values = {"definition": definition, "at": time.time()}
            self._database.put(connection, DEPLOYED, {"transform": transform}, values)

    def definitions(self) -> dict[str, str]:
        """The definition of each Transform that is deployed, by name."""
        mine = DEPLOYED.c.stack == self._database.stack
        with self._database.read() as connection:
            rows = connection.execute(sa.select(DEPLOYED.c.transform, DEPLOYED.c.definition).where(mine))
            return {row.transform: row.definition for row in rows}
