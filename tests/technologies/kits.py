"""What the behaviour suite needs to know of a technology: how to make a Store of it, and how to put rows there."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from datakit_iac.manifest.dataset import Column, Place
from datakit_iac.manifest.types import DataType
from datakit_iac.technologies.bound import BoundDataSet, Connection
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import Technology, technology

Rows = Sequence[tuple[int, str]]
MARK = Mark(stack="shop/dev", dataset="users", generation="1f")
ROWS: Rows = [(1, "ann"), (2, "bob"), (2, "bob"), (3, 'o\'hara\n"q"')]


def column(name: str, kind: str = "text", **more: object) -> Column:
    return Column.model_validate({"name": name, "type": kind, **more})


@dataclass(frozen=True)
class Kit:
    """One technology under test."""

    connection: Connection
    place: Callable[[str], Place]
    fill: Callable[[Place, Rows], None]

    @property
    def technology(self) -> Technology:
        return technology(self.connection.technology)

    def dataset(self, name: str = "users", **more: object) -> BoundDataSet:
        columns = (Column(name="id", type=DataType("bigint")), column("name"))
        given = {"name": "users", "store": "store", "columns": columns, "description": "All users.", **more}
        return BoundDataSet(connection=self.connection, place=self.place(name), **given)  # type: ignore[arg-type]


def duckdb_kit(folder: Path) -> Kit:
    path = folder / "store.duckdb"

    def fill(place: Place, rows: Rows) -> None:
        with duckdb.connect(path) as database:
            database.execute(f"CREATE TABLE IF NOT EXISTS {place} (id BIGINT, name VARCHAR)")
            database.execute(f"DELETE FROM {place}")
            for row in rows:
                database.execute(f"INSERT INTO {place} VALUES (?, ?)", list(row))

    return Kit(Connection("duckdb", {"path": str(path)}), lambda name: Place(table=f"raw.{name}"), fill)


def files_kit(folder: Path) -> Kit:
    root = folder / "store"

    def fill(place: Place, rows: Rows) -> None:
        target = root / str(place)
        target.mkdir(parents=True, exist_ok=True)
        names = [f"{index}.csv" for index in range(2)]
        random.shuffle(names)  # written in any order, with the same content
        for name in names:
            (target / name).write_text("\n".join(f"{key},{text!r}" for key, text in sorted(rows)))

    return Kit(Connection("files", {"path": str(root)}), lambda name: Place(prefix=f"{name}/"), fill)


KITS = {"duckdb": duckdb_kit, "files": files_kit}
