"""The project under test as a value, and the files it stands for.

Two folders of CSV files are loaded by two Transforms into two tables, people and sales. A dbt Transform makes of them a
table (big) and a view (named), a second one a table that reads both (totals). A further DataSet (extra) is made by a
load or by dbt, or is not there. The keys of this module's dictionaries stay; names, tables and columns change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.model.warehouses import Warehouse

Maker = Literal["", "load", "table", "view"]
Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Column:
    """A column of a contract."""

    name: str
    type: str
    key: bool = False
    previous: tuple[str, ...] = ()
    description: str = ""
    tests: tuple[Any, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class DataSet:
    """A contract that is made here."""

    name: str
    table: str
    columns: tuple[Column, ...]
    consents: tuple[str, ...] = ()
    description: str = ""
    previous: tuple[str, ...] = ()
    bound: str = ""
    tests: tuple[Any, ...] = ()

    @property
    def place(self) -> str:
        """Where its table is: its address, in lower case."""
        return (self.bound or self.table).lower().removeprefix("main.")

    @property
    def leaf(self) -> str:
        """The table without its schema: the name of a model."""
        return (self.bound or self.table).rpartition(".")[2].lower()

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

    def with_column(self, name: str, /, **changes: Any) -> DataSet:
        """The same, one column changed."""
        columns = tuple(replace(each, **changes) if each.name == name else each for each in self.columns)
        return replace(self, columns=columns)


@dataclass(frozen=True)
class Source:
    """A folder of CSV files that share a header."""

    header: tuple[str, ...]
    files: Mapping[str, Rows]
    hidden: bool = False

    def rows(self) -> Iterator[dict[str, str]]:
        """All rows, by column."""
        for rows in self.files.values():
            for row in rows:
                yield dict(zip(self.header, row, strict=True))


@dataclass(frozen=True)
class Load:
    """A CloudQuery Transform from one source into one DataSet."""

    name: str
    source: str
    target: str
    mode: str = "overwrite-delete-stale"


@dataclass(frozen=True)
class Model:
    """What the SQL of a dbt model says.

    Attributes:
        names: the columns of its inputs as its SQL spells them, by what they are used for.
        exposed: further columns: the name of the output, and of the input's column, whose type and text it holds.
        kind: table or view.
        comment: what decides nothing.
    """

    names: Mapping[str, str]
    exposed: tuple[tuple[str, str], ...] = ()
    kind: str = "table"
    comment: str = ""


@dataclass(frozen=True)
class Project:
    """One version of the project."""

    warehouse: Warehouse
    sources: Mapping[str, Source]
    datasets: Mapping[str, DataSet]
    loads: Mapping[str, Load]
    models: Mapping[str, Model]
    staging: str = "staging"
    marts: str = "marts"
    extra: Maker = ""
    path: str = ""
    deletion: str = "retain"
    macro: str = ""
    schema: str = ""
    undeclared: bool = False
    related: bool = False

    def made_by(self, load: str) -> DataSet:
        """What a load fills."""
        return self.datasets[self.loads[load].target]

    def makers(self, key: str) -> list[str]:
        """The loads that fill a DataSet."""
        return [load for load, each in self.loads.items() if each.target == key]

    def staged(self) -> list[str]:
        """What the first dbt Transform makes."""
        return ["big", "named", *(["extra"] if self.extra in ("table", "view") else [])]

    def edited(self, group: str, key: str, /, **changes: Any) -> Project:
        """The same, one part of it changed."""
        parts = getattr(self, group)
        edited: dict[str, Any] = {group: {**parts, key: replace(parts[key], **changes)}}
        return replace(self, **edited)


def first(warehouse: Warehouse) -> Project:
    """The project as it begins."""
    people = Source(("id", "name", "age"), {"one.csv": (("1", "ann", "31"), ("2", "bob", "42"), ("3", "eve", ""))})
    sales = Source(
        ("id", "person", "amount"),
        {"one.csv": (("1", "1", "10.5"), ("2", "1", "5"), ("3", "2", "-7"), ("4", "3", "2"))},
    )
    more = Source(("id", "name", "age"), {"one.csv": (("101", "kim", "23"), ("102", "lea", "24"))})
    spare = Source(("id", "name"), {"one.csv": (("7", "gus"), ("8", "ida"))})
    key = Column("id", "integer", key=True)
    datasets = {
        "people": DataSet("people", "raw.people", (key, Column("name", "string"), Column("age", "smallint"))),
        "sales": DataSet("sales", "raw.sales", (key, Column("person", "integer"), Column("amount", "decimal(6,1)"))),
        "big": DataSet(
            "big", "main.big", (Column("person", "integer"), Column("shown", "string"), Column("kind", "string"))
        ),
        "named": DataSet("named", "main.named", (Column("person", "integer"), Column("name", "string"))),
        "totals": DataSet(
            "totals",
            "main.totals",
            (Column("name", "string"), Column("sales", "bigint"), Column("least", "string"), Column("kind", "string")),
        ),
        "extra": DataSet("extra", "main.extra", (Column("id", "integer"), Column("name", "string"))),
    }
    return Project(
        warehouse,
        path=warehouse.spellings[0],
        sources={"people": people, "sales": sales, "more": more, "spare": spare},
        datasets=datasets,
        loads={"people": Load("load-people", "people", "people"), "sales": Load("load-sales", "sales", "sales")},
        models={
            "big": Model({"person": "person", "amount": "amount"}),
            "named": Model({"id": "id", "name": "name"}, kind="view"),
            "totals": Model({"person": "person", "name": "name", "shown": "shown", "kind": "kind"}),
            "extra": Model({"id": "id", "name": "name"}),
        },
    )
