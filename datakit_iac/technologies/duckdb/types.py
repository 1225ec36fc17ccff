"""Column types as DuckDB spells them (DuckDB documentation, SQL › Data Types)."""

from __future__ import annotations

import re
from typing import Final

from datakit_iac.manifest.values.types import DataType

_WRITTEN: Final = {
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "json": "JSON",
    "uuid": "UUID",
}
_READ: Final = {spelling: name for name, spelling in _WRITTEN.items()} | {
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
}
_WIDE: Final = {"HUGEINT": (38, 0), "UBIGINT": (20, 0), "UHUGEINT": (38, 0)}
_ARRAY: Final = re.compile(r"^(.+)\[\d*\]$")
_DECIMAL: Final = re.compile(r"^DECIMAL\((\d+),\s*(\d+)\)$")


def write(data_type: DataType) -> str:
    """The type in DDL; strings lose their length, which DuckDB does not keep.

    >>> write(DataType.parse("array<int>")), write(DataType.parse("number(8,2)"))
    ('INTEGER[]', 'DECIMAL(8,2)')
    """
    if data_type.element is not None:
        return f"{write(data_type.element)}[]"
    if data_type.name == "decimal":
        return f"DECIMAL({data_type.parameters[0]},{data_type.parameters[1]})"
    return _WRITTEN[data_type.name]


def read(spelling: str) -> DataType:
    """The type of a column as DuckDB's catalog shows it; what has no counterpart here reads as a string."""
    return find(spelling) or DataType("string")


def find(spelling: str) -> DataType | None:
    """The type of a column as DuckDB's catalog shows it; None where there is no counterpart, as for a struct."""
    if array := _ARRAY.match(spelling):
        element = find(array.group(1))
        return DataType("array", element=element) if element else None
    if match := _DECIMAL.match(spelling):
        return DataType("decimal", (int(match.group(1)), int(match.group(2))))
    if spelling in _WIDE:
        return DataType("decimal", _WIDE[spelling])
    return DataType(_READ[spelling]) if spelling in _READ else None
