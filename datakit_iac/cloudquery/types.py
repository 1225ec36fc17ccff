"""The canonical column types as Arrow carries them between plugins, and as DuckDB spells them.

Our own table for DuckDB, not that of `technologies.duckdb`: importing a technology imports pydantic, and the start of
a plugin is part of each run.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.manifest.types import DataType

_ARROW: Final[dict[str, pa.DataType]] = {
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "json": JSONType(),
    "uuid": UUIDType(),
}
_SQL: Final = {
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
_NAMES: Final = {spelling: name for name, spelling in _SQL.items()} | {
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
}
_WIDE_INTEGERS: Final = {"HUGEINT": "decimal(38,0)", "UBIGINT": "decimal(20,0)", "UHUGEINT": "decimal(38,0)"}
_UNSIGNED: Final = {"int8": "smallint", "uint8": "smallint", "uint16": "integer", "uint32": "bigint"}


def to_arrow(data_type: DataType) -> pa.DataType:
    """The Arrow type that carries the values; JSON and UUID are CloudQuery's own extension types.

    >>> str(to_arrow(DataType.parse("array<decimal(10,2)>")))
    'list<item: decimal128(10, 2)>'
    """
    if data_type.element is not None:
        return pa.list_(to_arrow(data_type.element))
    if data_type.name == "decimal":
        return pa.decimal128(*data_type.parameters)
    return _ARROW[data_type.name]


def from_arrow(arrow: pa.DataType) -> DataType:
    """The canonical type of what any source sends.

    Raises:
        ValueError: there is none, for instance of a struct.
    """
    if isinstance(arrow, JSONType | UUIDType):
        return DataType("json" if isinstance(arrow, JSONType) else "uuid")
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
        return DataType("array", element=from_arrow(arrow.value_type))
    if pa.types.is_decimal(arrow):
        return DataType("decimal", (arrow.precision, arrow.scale))
    if pa.types.is_timestamp(arrow):
        return DataType("timestamptz" if arrow.tz else "timestamp")
    if arrow == pa.uint64():
        return DataType("decimal", (20, 0))
    if str(arrow) in _UNSIGNED:
        return DataType(_UNSIGNED[str(arrow)])
    for name, known in _ARROW.items():
        if arrow == known:
            return DataType(name)
    if name := _relative(arrow):
        return DataType(name)
    raise ValueError(f"Arrow type {arrow} has no counterpart in a table; expected a scalar or a list")


def _relative(arrow: pa.DataType) -> str:
    kinds = {
        "string": (pa.types.is_large_string, pa.types.is_string_view),
        "binary": (pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view),
        "date": (pa.types.is_date,),
        "time": (pa.types.is_time,),
        "float": (pa.types.is_float16,),
    }
    return next((name for name, tests in kinds.items() if any(test(arrow) for test in tests)), "")


def to_sql(data_type: DataType) -> str:
    """The type in DuckDB's DDL; a string's length is not kept.

    >>> to_sql(DataType.parse("array<int>")), to_sql(DataType.parse("number(8,2)"))
    ('INTEGER[]', 'DECIMAL(8,2)')
    """
    if data_type.element is not None:
        return f"{to_sql(data_type.element)}[]"
    if data_type.name == "decimal":
        return "DECIMAL({},{})".format(*data_type.parameters)
    return _SQL[data_type.name]


def from_sql(spelling: str) -> DataType | None:
    """The type of a column as DuckDB describes it; None where there is no counterpart, as for a struct."""
    if spelling.endswith("[]"):
        element = from_sql(spelling[:-2])
        return DataType("array", element=element) if element else None
    if spelling.startswith("DECIMAL(") or spelling in _WIDE_INTEGERS:
        return DataType.parse(_WIDE_INTEGERS.get(spelling, spelling))
    name = _NAMES.get(spelling)
    return DataType(name) if name else None
