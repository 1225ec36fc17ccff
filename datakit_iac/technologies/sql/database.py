"""An open SQL database, and statements on it, alone and in transactions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Protocol

from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.technology import StoreError


class Database(Protocol):
    """An open connection of PEP 249, in autocommit mode, that executes without a cursor."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any:
        """Run one statement; what it returns has `fetchall`, and is iterable."""

    def executemany(self, sql: str, rows: Any, /) -> Any:
        """Run one statement for each row of parameters."""

    def close(self) -> None:
        """Close it, and leave what was not committed."""


class Queries:
    """What every session of a SQL database asks it by.

    Attributes:
        dialect: how the database spells things.
        failure: what its driver raises.
        database: the open database.
    """

    dialect: Dialect
    failure: ClassVar[type[Exception]]

    def __init__(self, database: Database) -> None:
        self.database = database

    def number(self, query: str) -> int:
        """What a query of one number gives."""
        ((number,),) = self.rows(query)
        return int(number)

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What a query gives."""
        found: list[tuple[Any, ...]] = self.database.execute(query, parameters).fetchall()
        return found

    def together(self, statements: Iterable[str]) -> None:
        """Run statements in one transaction; they may ask what those before them have done.

        Raises:
            StoreError: the database refused one, or asking for them did, and nothing was done.
        """
        self.database.execute("BEGIN TRANSACTION")
        statement = ""
        try:
            for statement in statements:
                self.database.execute(statement)
            statement = "COMMIT"
            self.database.execute(statement)
        except (self.failure, StoreError) as fault:
            with suppress(self.failure):  # a connection that was cut has left nothing
                self.database.execute("ROLLBACK")
            if isinstance(fault, StoreError):
                raise
            raise StoreError(self.refusal(fault, statement)) from fault

    def refusal(self, fault: Exception, statement: str) -> str:
        """Why a statement was not carried out, for people."""
        return f"{self.dialect.name} refused `{statement}`: {fault}"


def first_line(fault: Exception) -> str:
    """What a driver says, without its drawing of where."""
    return str(fault).partition("\n")[0]
