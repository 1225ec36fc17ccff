"""The canonical column types as Arrow carries them between plugins."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.manifest.values.types import DataType

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


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with CloudQuery's extension types as DuckDB knows them."""
    columns = list(batch.columns)
    for number, field_ in enumerate(batch.schema):
        if isinstance(field_.type, JSONType):
            columns[number] = columns[number].storage.cast(pa.string())
        elif isinstance(field_.type, UUIDType):
            columns[number] = pa.ExtensionArray.from_storage(pa.uuid(), columns[number].storage)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of batches that `plain` gives."""
    known = {JSONType: pa.string, UUIDType: pa.uuid}
    return pa.schema([(each.name, known.get(type(each.type), lambda each=each: each.type)()) for each in schema])


def _relative(arrow: pa.DataType) -> str:
    kinds = {
        "string": (pa.types.is_large_string, pa.types.is_string_view),
        "binary": (pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view),
        "date": (pa.types.is_date,),
        "time": (pa.types.is_time,),
        "float": (pa.types.is_float16,),
    }
    return next((name for name, tests in kinds.items() if any(test(arrow) for test in tests)), "")
