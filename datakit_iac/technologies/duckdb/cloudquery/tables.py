"""Tables of a DuckDB file as its catalog shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb.types import find
from datakit_iac.technologies.sql.names import quoted, split


@dataclass(frozen=True, slots=True)
class LiveColumn:
    """A column that is there.

    Attributes:
        name: its name.
        type: its type; None where there is no canonical one.
        spelling: the type as DuckDB spells it.
        is_required: whether null is refused.
        has_default: whether it has a value where a row brings none.
    """

    name: str
    type: DataType | None
    spelling: str
    is_required: bool
    has_default: bool


@dataclass(frozen=True, slots=True)
class TableName:
    """A table's schema and name; ``raw.flights`` lies in the schema `raw`.

    >>> TableName.parse("raw.flights").sql, TableName.parse("flights").sql
    ('"raw"."flights"', '"main"."flights"')
    """

    schema: str
    table: str

    @classmethod
    def parse(cls, text: str) -> TableName:
        """Read a name with or without a schema."""
        return cls(*split(text, "main"))

    @property
    def sql(self) -> str:
        """The quoted name."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    def __str__(self) -> str:
        return self.table if self.schema == "main" else f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A table that is there.

    Attributes:
        columns: by lower-case name.
        comment: the table's own.
        is_view: whether it is a view, which holds no rows of its own.
    """

    columns: Mapping[str, LiveColumn] = field(default_factory=dict)
    comment: str = ""
    is_view: bool = False


def describe(connection: duckdb.DuckDBPyConnection, name: TableName) -> LiveTable | None:
    """The table, or None where there is none; DuckDB knows no upper and lower case of names."""
    where = "database_name = current_database() AND lower(schema_name) = lower(?)"
    names = [name.schema, name.table]
    found = connection.execute(
        f"SELECT comment, false FROM duckdb_tables() WHERE {where} AND lower(table_name) = lower(?)"
        f" UNION ALL SELECT comment, true FROM duckdb_views() WHERE {where} AND lower(view_name) = lower(?)",
        [*names, *names],
    ).fetchone()
    if found is None:
        return None
    rows = connection.execute(
        "SELECT column_name, data_type, NOT is_nullable, column_default IS NOT NULL FROM duckdb_columns()"
        f" WHERE {where} AND lower(table_name) = lower(?) ORDER BY column_index",
        names,
    ).fetchall()
    columns = [LiveColumn(row[0], find(row[1]), row[1], row[2], row[3]) for row in rows]
    return LiveTable({column.name.lower(): column for column in columns}, found[0] or "", bool(found[1]))


def count(
    connection: duckdb.DuckDBPyConnection, name: TableName, where: str = "", values: Sequence[object] = ()
) -> int:
    """How many rows there are, or how many of them meet a condition."""
    condition = f" WHERE {where}" if where else ""
    row = connection.execute(f"SELECT count(*) FROM {name.sql}{condition}", list(values)).fetchone()
    return int(row[0]) if row else 0
