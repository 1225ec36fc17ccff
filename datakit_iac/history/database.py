"""The database of a history: reading, and transactions in which no other process writes of the same stack."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

_TURN: Final = sa.text("SELECT pg_advisory_xact_lock(hashtext(:stack))")
_CLOCK: Final = sa.text("SELECT extract(epoch FROM clock_timestamp())::float8")


class HistoryError(Exception):
    """The history cannot be read or written; the text says where it is, and why."""


class Database:
    """Where the history of one stack is.

    Args:
        engine: its tables are there (`history.place.opened`).
        stack: ``project/environment``.
        place: where it is, for people.
        host: the name of this machine.
    """

    def __init__(self, engine: sa.Engine, stack: str, place: str, host: str) -> None:
        self._engine, self.stack, self.place, self.host = engine, stack, place, host

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection on which each statement stands for itself.

        Raises:
            HistoryError: it cannot be read.
        """
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                yield connection
        except SQLAlchemyError as fault:
            raise self._failed("read", fault) from fault

    @contextmanager
    def written(self) -> Iterator[sa.Connection]:
        """A transaction of its own.

        Raises:
            HistoryError: it cannot be written.
        """
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(_TURN, {"stack": self.stack})
                yield connection
        except SQLAlchemyError as fault:
            raise self._failed("written", fault) from fault

    @property
    def is_shared(self) -> bool:
        """Whether other machines may use it."""
        return self._engine.dialect.name == "postgresql"

    def now(self, connection: sa.Connection) -> float:
        """Seconds since 1970 by the one clock that all who use the history have."""
        return float(connection.scalar(_CLOCK) or 0) if self.is_shared else time.time()

    def put(
        self, connection: sa.Connection, table: sa.Table, key: Mapping[str, str], values: Mapping[str, Any]
    ) -> None:
        """Insert the row of this stack with a key, or update it."""
        row = _insert(connection)(table).values(stack=self.stack, **key, **values)
        columns = [column.name for column in table.primary_key.columns]
        connection.execute(row.on_conflict_do_update(index_elements=columns, set_=dict(values)))

    def _failed(self, what: str, fault: SQLAlchemyError) -> HistoryError:
        return HistoryError(f"the history {self.place} cannot be {what}: {cause(fault)}")


def _insert(connection: sa.Connection) -> Any:
    """The `INSERT … ON CONFLICT` of a dialect; late, for that of another takes long to import."""
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert
    from sqlalchemy.dialects import sqlite

    return sqlite.insert


def cause(fault: Exception) -> str:
    """What a driver says of a fault, in one line."""
    return str(getattr(fault, "orig", None) or fault).strip().splitlines()[0]
