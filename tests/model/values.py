"""Values and tables as they should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from tests.model.project import Column, Project

Value = int | Decimal | str | None
DUCKDB = {"smallint": "SMALLINT", "integer": "INTEGER", "bigint": "BIGINT", "string": "VARCHAR", "double": "DOUBLE"}
RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


class MisfitError(Exception):
    """A value does not fit its column."""


@dataclass(frozen=True)
class Row:
    """A row, and which Transform wrote it in which attempt."""

    values: Mapping[str, Value]
    writer: str = ""
    attempt: int = 0


@dataclass(frozen=True)
class Table:
    """A table as it should be.

    Attributes:
        owner: the DataSet that made it.
        columns: the types of its columns, as DuckDB spells them, by name.
        rows: what it holds.
        known: whether anybody can say what it holds; a dbt Run that failed half way leaves that open.
        strays: columns that stayed although the contract does not name them.
        attempts: the last load of each Transform that writes it: its number, and what it computed of what.
        view_of: the version of the project and the model in it that a view shows; None for a table.
    """

    owner: str
    columns: Mapping[str, str]
    rows: tuple[Row, ...] = ()
    known: bool = True
    strays: frozenset[str] = frozenset()
    view_of: tuple[Project, str] | None = None
    attempts: Mapping[str, tuple[int, object]] = field(default_factory=dict)

    def writers(self) -> set[str]:
        """The Transforms that loaded rows, as far as that is remembered."""
        return {*self.attempts}

    def loaded(self, identity: object, writers: set[str]) -> set[int]:
        """The last attempts of these Transforms that loaded this very input."""
        return {number for name, (number, loaded) in self.attempts.items() if name in writers and loaded == identity}

    def counted(self, names: Iterable[str]) -> Counter[tuple[Value, ...]]:
        """The rows with these columns, in any order."""
        names = list(names)
        return Counter(tuple(row.values.get(name) for name in names) for row in self.rows)


def spelled(type_: str) -> str:
    """A type as DuckDB spells it."""
    return DUCKDB.get(type_) or type_.upper()


def read(text: str, column: Column) -> Value:
    """A value of a file.

    Raises:
        MisfitError: it does not fit the column.
    """
    if not text:
        if column.key or column.required:
            raise MisfitError(f"{column.name} is empty")
        return None
    if column.type == "string":
        return text
    try:
        number = Decimal(text)
    except ArithmeticError as fault:
        raise MisfitError(f"{text!r} is not a {column.type}") from fault
    return fit(number, column.type)


def fit(value: Value, type_: str) -> Value:
    """The value in a column of that type.

    Raises:
        MisfitError: it does not fit.
    """
    if value is None or type_ == "string":
        return None if value is None else str(value)
    number = Decimal(value)
    if type_ in RANGES:
        if number != int(number) or not -RANGES[type_] <= number < RANGES[type_]:
            raise MisfitError(f"{value} is not a {type_}")
        return int(number)
    precision, scale = map(int, type_.removeprefix("decimal(").removesuffix(")").split(","))
    rounded = number.quantize(Decimal(1).scaleb(-scale))
    if abs(rounded) >= Decimal(10) ** (precision - scale):
        raise MisfitError(f"{value} is not a {type_}")
    return rounded
