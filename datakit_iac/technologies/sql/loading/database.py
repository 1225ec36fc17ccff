"""What a load asks of a database: its SQL where databases differ, and how many rows get into it at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.sql.names import literal, quoted, split


class RefusedError(PluginFault):
    """The database refused a statement, or was lost; the message is its own, on one line."""


@dataclass(frozen=True, slots=True)
class TableName:
    """A table's schema and name; the schema is empty where the database has none.

    >>> str(TableName("raw", "flights", "main")), str(TableName("main", "flights", "main"))
    ('raw.flights', 'flights')
    """

    schema: str
    table: str
    default_schema: str = field(default="", compare=False)

    @property
    def sql(self) -> str:
        """The quoted name."""
        return ".".join(quoted(part) for part in (self.schema, self.table) if part)

    def __str__(self) -> str:
        return self.table if self.schema == self.default_schema else f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column that is there.

    Attributes:
        name: its name.
        type: its type; None where there is no canonical one.
        spelling: the type as the database spells it.
        is_required: whether null is refused.
        has_default: whether it has a value where a row brings none.
    """

    name: str
    type: DataType | None
    spelling: str
    is_required: bool = False
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table that is there.

    Attributes:
        columns: by name, as `Database.folded` has it.
        comment: the table's own.
        is_view: whether it is a view, which holds no rows of its own.
    """

    columns: Mapping[str, LiveColumn] = field(default_factory=dict)
    comment: str = ""
    is_view: bool = False


class Database(ABC):
    """An open database, in the transaction of one sync.

    Every method may raise `RefusedError`.

    Attributes:
        default_schema: the schema of a table whose name says none; empty where there are no schemas.
        widens: whether a column that is there can get another type.
        announces: whether a comment ends a transaction, so that a Run is announced in it before its rows change.
    """

    default_schema: str = ""
    widens: bool = True
    announces: bool = False

    @abstractmethod
    def execute(self, sql: str) -> None:
        """Run one statement."""

    @abstractmethod
    def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        """What a query gives."""

    @abstractmethod
    def describe(self, name: TableName) -> LiveTable | None:
        """The table or view, bookkeeping columns of loaders too; None where there is none."""

    @abstractmethod
    def write(self, data_type: DataType) -> str:
        """A column's type in DDL."""

    @abstractmethod
    def canonical(self, data_type: DataType) -> DataType:
        """What the database keeps of a type."""

    @abstractmethod
    def append(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> None:
        """Add rows to a table."""

    @abstractmethod
    def staged(self, name: TableName, batches: Sequence[pa.RecordBatch]) -> AbstractContextManager[str]:
        """The rows as a relation that SQL can read, in the types of the table's columns; gone afterwards."""

    @abstractmethod
    def commit(self) -> None:
        """Make it last, and close."""

    @abstractmethod
    def close(self) -> None:
        """Leave everything as it was, and close."""

    def begin(self, outputs: Iterable[TableName]) -> None:  # noqa: B027 - most databases have one writer anyway
        """Begin, and keep other writers from the tables that are known to be written."""

    def change(self, sql: str) -> None:
        """Run a statement that changes rows of a table; it may wait until `settle`."""
        self.execute(sql)

    def settle(self) -> None:  # noqa: B027 - most databases change rows as they come
        """Carry out all changes of rows that wait: no table changes any more, and what follows reads the rows."""

    def only_read(self) -> None:  # noqa: B027 - a dialect tells a SELECT that writes by its text
        """From now on until the commit, refuse whatever writes: what is asked next was written by users."""

    def moment(self, at: datetime) -> str:
        """A time as an SQL literal that compares with `_cq_sync_time`."""
        return f"CAST({self.literal(at.isoformat(sep=' '))} AS {self.write(DataType('timestamptz'))})"

    def cast_or_null(self, column: str, data_type: DataType) -> str:
        """A quoted column in another type, NULL where its value does not fit."""
        return f"TRY_CAST({column} AS {self.write(data_type)})"

    def create_schema(self, schema: str) -> None:
        """Make a schema that is not there."""
        self.execute(f"CREATE SCHEMA IF NOT EXISTS {self.quoted(schema)}")

    def comment(self, name: TableName, text: str) -> None:
        """Give the table a comment."""
        self.execute(f"COMMENT ON TABLE {name.sql} IS {self.literal(text)}")

    def replaced(self, name: TableName, key: Sequence[str], incoming: str, but: str = "") -> str:
        """The statement that removes the rows whose keys come again.

        Args:
            name: the table.
            key: its primary key.
            incoming: the relation of what comes.
            but: a moment as an SQL literal: rows of the sync at that time stay.
        """
        same = " AND ".join(f"old.{self.quoted(each)} = new.{self.quoted(each)}" for each in key)
        condition = f"EXISTS (SELECT 1 FROM {incoming} AS new WHERE {same})"
        if but:
            time = f"old.{self.quoted(wire.SYNC_TIME)}"
            condition += f" AND ({time} IS NULL OR {time} <> {but})"
        return f"DELETE FROM {name.sql} AS old WHERE {condition}"

    def quoted(self, name: str) -> str:
        """The name of a column or schema, quoted."""
        return quoted(name)

    def literal(self, text: str) -> str:
        """A text literal."""
        return literal(text)

    def folded(self, name: str) -> str:
        """A column's name as it is compared: most databases know no upper and lower case."""
        return name.lower()

    def name(self, text: str) -> TableName:
        """Read a table's name, with or without a schema."""
        schema, table = split(text, self.default_schema) if self.default_schema else ("", text)
        return TableName(schema, table, self.default_schema)

    def has_rows(self, name: TableName, where: str = "") -> bool:
        """Whether there are rows, or some that meet a condition."""
        return bool(self.rows(f"SELECT 1 FROM {name.sql}{_where(where)} LIMIT 1"))

    def count(self, name: TableName, where: str = "") -> int:
        """How many rows there are, or how many of them meet a condition."""
        ((number,),) = self.rows(f"SELECT count(*) FROM {name.sql}{_where(where)}")
        return int(number)


def _where(condition: str) -> str:
    return f" WHERE {condition}" if condition else ""
