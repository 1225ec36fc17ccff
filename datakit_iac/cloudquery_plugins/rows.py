"""A source whose rows are Python mappings: what an API answers, page after page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

import pyarrow as pa
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow

BATCH_ROWS: Final = 5_000


@dataclass(frozen=True, slots=True)
class RowTable:
    """A table of a `RowSource`.

    Attributes:
        name: the table that the rows are for.
        columns: those of the contract.
        rows: asks for the rows, each by column name; values that no column has are left out.
    """

    name: str
    columns: Sequence[DeclaredColumn]
    rows: Callable[[], Iterable[Mapping[str, Any]]]


class RowSource:
    """The rows of several tables, one after the other; a value that does not fit its column is refused.

    >>> columns = [DeclaredColumn.parse({"name": "id", "type": "bigint", "required": True})]
    >>> source = RowSource([RowTable("raw.users", columns, lambda: [{"id": 1, "x": 0}, {"id": 2}])])
    >>> [len(source.tables()), len(list(source.batches()))]
    [1, 1]

    Args:
        tables: what is read, in this order.
    """

    def __init__(self, tables: Sequence[RowTable]) -> None:
        self._tables = [(table, wire.table_schema(table.name, map(_field, table.columns))) for table in tables]

    def tables(self) -> list[bytes]:
        """The schemas of the tables."""
        return [wire.encode_schema(schema) for _, schema in self._tables]

    def batches(self) -> Iterator[bytes]:
        """All rows of all tables.

        Raises:
            PluginFault: a value does not fit its column, or a required one is missing.
        """
        for table, schema in self._tables:
            rows, count = iter(table.rows()), 0
            while batch := list(islice(rows, BATCH_ROWS)):
                arrays = [_array(table, column, batch, count) for column in table.columns]
                yield wire.encode_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
                count += len(batch)

    def close(self) -> None:
        """Nothing is held."""


def _field(column: DeclaredColumn) -> pa.Field:
    return wire.field(column.name, to_arrow(column.type), required=column.required, key=column.key)


def _array(table: RowTable, column: DeclaredColumn, rows: Sequence[Mapping[str, Any]], before: int) -> pa.Array:
    wanted = to_arrow(column.type)
    values = [row.get(column.name) for row in rows]
    if column.required and None in values:
        where = f"row {before + values.index(None) + 1}, column {column.name}"
        raise PluginFault(f"{table.name}, {where}: there is no value, which the contract requires")
    try:
        if isinstance(wanted, pa.ExtensionType):
            stored = [None if value is None else _stored(wanted, value) for value in values]
            return pa.ExtensionArray.from_storage(wanted, pa.array(stored, type=wanted.storage_type))
        return pa.array(values, type=wanted)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as fault:
        # What Arrow says repeats the value, which may be personal data.
        found = sorted({type(value).__name__ for value in values if value is not None})
        held = f"its values are {' and '.join(found)}"
        raise PluginFault(f"{table.name}, column {column.name}: {held}; the contract says {column.type}") from fault


def _stored(wanted: pa.DataType, value: Any) -> bytes:
    """A value as CloudQuery's extension types have it stored."""
    if isinstance(wanted, JSONType):
        return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
    assert isinstance(wanted, UUIDType), "CloudQuery has no other"
    return UUID(str(value)).bytes
