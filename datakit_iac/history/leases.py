"""What one process at a time does for a stack, such as starting what is due: it holds a lease, and renews it."""

from __future__ import annotations

import sqlalchemy as sa

from datakit_iac.history.database import Database
from datakit_iac.history.tables import LEASES


class Lease:
    """One lease of a stack.

    Args:
        database: that of the stack's history.
        name: what is done.
        holder: who asks for it.
    """

    def __init__(self, database: Database, name: str, holder: str) -> None:
        self._database, self._name, self._holder = database, f"{database.stack} {name}", holder

    def take(self, seconds: float) -> bool:
        """Take or renew it for so many seconds; whether it is ours now.

        Raises:
            HistoryError: it cannot be written.
        """
        mine = LEASES.c.name == self._name
        with self._database.written() as connection:
            now = self._database.now(connection)
            there = connection.execute(sa.select(LEASES.c.holder, LEASES.c.until).where(mine)).first()
            if there and there.holder != self._holder and there.until > now:
                return False
            values = {"name": self._name, "holder": self._holder, "until": now + seconds}
            connection.execute(sa.delete(LEASES).where(mine))
            connection.execute(sa.insert(LEASES).values(values))
            return True

    def give_back(self) -> None:
        """Let another have it at once."""
        self.take(0)
