"""A database of a server, which is made where it should be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg import errors

from datakit_iac.technologies.postgres.opening import connected
from datakit_iac.technologies.postgres.refusals import may_be_missing, refused, unreachable
from datakit_iac.technologies.sql.names import quoted
from datakit_iac.technologies.technology import StoreError, StoreMissingError

_MAINTENANCE: Final = ("postgres", "template1")
"""Databases that every server has, to ask from and to make others from."""

Database = psycopg.Connection[tuple[Any, ...]]
"""An open connection, in autocommit mode."""


class Statements:
    """An open connection of psycopg as one that executes without a cursor.

    Attributes:
        connection: the connection, in autocommit mode.
    """

    def __init__(self, connection: Database) -> None:
        self.connection = connection

    def execute(self, sql: Any, parameters: Sequence[Any] = ()) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run one statement; without parameters, a percent sign in it is one."""
        return self.connection.execute(sql, parameters or None)

    def executemany(self, sql: Any, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each row of parameters."""
        with self.connection.cursor() as cursor:
            cursor.executemany(sql, rows)

    def close(self) -> None:
        """Close it, and leave what was not committed."""
        self.connection.close()


def opened(options: Mapping[str, Any], *, create: bool) -> Database:
    """A connection to a database.

    Args:
        options: how it is reached, with its secrets in clear.
        create: whether it is made where it is not there.

    Raises:
        StoreMissingError: it is not there, and is not to be made.
        StoreError: the server cannot be reached, or refuses the role.
    """
    try:
        return connected(options)
    except psycopg.Error as fault:
        if not (may_be_missing(fault) and _is_there_now(options, create=create)):
            raise StoreError(unreachable(options, fault)) from fault
    try:
        return connected(options)
    except psycopg.Error as fault:
        raise StoreError(unreachable(options, fault)) from fault


def _is_there_now(options: Mapping[str, Any], *, create: bool) -> bool:
    """Whether the server has the database now: made here where it was missing, or meanwhile by another.

    The server says why it refuses in its own language, so another of its databases is asked.

    Raises:
        StoreMissingError: it is not there, and is not to be made.
        StoreError: it cannot be made.
    """
    name = options["database"]
    with _maintenance(options) as other:
        if other is None:
            return False
        if other.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchall():
            return True
        if not create:
            advice = "let its Store make it (`create: true`), or fix the name"
            raise StoreMissingError(f"there is no database {name} on {options['host']}; {advice}")
        try:
            other.execute(f"CREATE DATABASE {quoted(name)}")
        except (errors.DuplicateDatabase, errors.UniqueViolation):
            pass  # another was first
        except psycopg.Error as fault:
            raise StoreError(refused(fault, f"CREATE DATABASE {quoted(name)}")) from fault
    return True


@contextmanager
def _maintenance(options: Mapping[str, Any]) -> Iterator[Database | None]:
    """Another database of the server; None where none lets us in."""
    for name in _MAINTENANCE:
        with suppress(psycopg.Error):
            database = connected({**options, "database": name})
            break
    else:
        yield None
        return
    with closing(database):
        yield database
