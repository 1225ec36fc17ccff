"""What a DuckDB database holds, read as a whole once: to ask for one of many tables takes DuckDB as long as for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.duckdb import types
from datakit_iac.technologies.duckdb.dialect import DUCKDB

Rows = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Runs a query, with its parameters."""

_Key = tuple[str, str]

_OBJECTS: Final = (
    "SELECT schema, name, kind, comment FROM ("
    "SELECT 'TABLE' AS kind, schema_name AS schema, table_name AS name, comment FROM duckdb_tables()"
    " UNION ALL SELECT 'VIEW', schema_name, view_name, comment FROM duckdb_views() WHERE NOT internal)"
)
_COLUMNS: Final = (
    "SELECT schema, name, column_name, data_type, is_nullable, comment FROM ("
    "SELECT schema_name AS schema, table_name AS name, * FROM duckdb_columns()"
    " WHERE NOT starts_with(column_name, '_cq_') ORDER BY column_index)"
)
_OF_ONE: Final = " WHERE lower(schema) = lower(?) AND lower(name) = lower(?)"


_KEYS: Final = (
    "SELECT unnest(constraint_column_names) FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
    " AND lower(schema_name) = lower(?) AND lower(table_name) = lower(?)"
)


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view.

    Attributes:
        place: where it is, in its own spelling.
        kind: `TABLE` or `VIEW`.
        comment: its own, mark included.
        described: name, type, nullability and comment of each column but loaders' bookkeeping, as DuckDB tells them.
    """

    place: Place
    kind: str
    comment: str | None
    described: list[tuple[Any, ...]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in their order."""
        return tuple(
            Column(name=name, type=types.read(data_type), nullable=nullable, description=comment or "")
            for name, data_type, nullable, comment in self.described
        )


class Catalog:
    """The tables and views of one open database, valid until another process writes to it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._places: dict[_Key, Place] | None = None
        self._known: dict[_Key, Relation] = {}

    def find(self, place: Place) -> Relation | None:
        """What is at a place; DuckDB compares names without regard to case."""
        key = _key(*DUCKDB.parts(place))
        if key in self._all() and key not in self._known:
            self._known |= self._read(_OF_ONE, list(key))
        return self._known.get(key)

    def places(self, infix: str) -> list[Place]:
        """Those whose names contain a text, in whatever case."""
        return [place for key, place in sorted(self._all().items()) if infix.lower() in key[1]]

    def primary_key(self, place: Place) -> frozenset[str]:
        """The columns of a table's primary key, in lower case."""
        return frozenset(name.lower() for (name,) in self._rows(_KEYS, DUCKDB.parts(place)))

    def take(self, place: Place) -> None:
        """Take note of what was just made or described at a place; it alone is read again."""
        key = _key(*DUCKDB.parts(place))
        self._all().setdefault(key, place)
        self._known.pop(key, None)

    def forget(self) -> None:
        """Read everything again when it is asked next: a change of a table shows in views too."""
        self._places, self._known = None, {}

    def _all(self) -> dict[_Key, Place]:
        if self._places is None:
            self._known = self._read()
            self._places = {key: each.place for key, each in self._known.items()}
        return self._places

    def _read(self, where: str = "", of: Sequence[Any] = ()) -> dict[_Key, Relation]:
        found: dict[_Key, Relation] = {}
        for schema, name, kind, comment in self._rows(_OBJECTS + where, of):
            found[_key(schema, name)] = Relation(Place(table=f"{schema}.{name}"), kind, comment, [])
        for schema, name, *column in self._rows(_COLUMNS + where, of):
            if relation := found.get(_key(schema, name)):
                relation.described.append(tuple(column))
        return found


def _key(schema: str, name: str) -> _Key:
    return schema.lower(), name.lower()
