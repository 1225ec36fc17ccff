"""Arrow columns as ADBC writes them in the binary format of COPY, which must be exactly that of the table's column.

ADBC (1.13) checks nothing: it writes uint64 as int8, so that large numbers become negative, and drops the nanoseconds
of a timestamp. So every column is given the one type that its column of the table has; what does not fit is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.cloudquery_plugins.servicers import PluginFault

_UTC: Final = pa.timestamp("us", tz="UTC")
_EXACT: Final[dict[str, pa.DataType]] = {
    "boolean": pa.bool_(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double precision": pa.float64(),
    "text": pa.string(),
    "name": pa.string(),
    "bytea": pa.binary(),
    "date": pa.date32(),
    "time without time zone": pa.time64("us"),
    "timestamp without time zone": pa.timestamp("us"),
    "timestamp with time zone": _UTC,
    "uuid": pa.binary(16),
    "json": pa.string(),
}
_JSONB: Final = b"\x01"
"""The version of its binary format (src/backend/utils/adt/jsonb.c, jsonb_recv)."""
_DIRECT_ELEMENTS: Final = frozenset(_EXACT) - {"uuid", "json", "name"}
"""Elements of arrays whose type ADBC names right."""


def is_direct(spelling: str, arrow: pa.DataType) -> bool:
    """Whether ADBC writes a column of this type as it is; else it goes in as text, and SQL casts it."""
    if not spelling.endswith("[]"):
        return True
    element = spelling.removesuffix("[]")
    is_flat = pa.types.is_list(arrow) and not pa.types.is_list(arrow.value_type)
    return is_flat and (element in _DIRECT_ELEMENTS or element.startswith(("numeric", "character varying")))


def converted(column: pa.Array, spelling: str, name: str) -> pa.Array:
    """The column in the type of the table's column.

    Args:
        column: as the source sends it.
        spelling: the type of the table's column, as the catalog shows it.
        name: of table and column, for people.

    Raises:
        PluginFault: a value does not fit.
    """
    try:
        if not is_direct(spelling, column.type):
            text = _text_of(column.type)
            return pa.array([_array_text(each, text) for each in column.to_pylist()], pa.string())
        if spelling == "jsonb":
            json = _plain(column).cast(pa.binary())
            return pc.binary_join_element_wise(pa.scalar(_JSONB), json, pa.scalar(b""))
        if spelling.endswith("[]"):
            values = pa.list_(_wanted(spelling.removesuffix("[]"), column.type.value_type))
            return column.cast(values)
        return _plain(column).cast(_wanted(spelling, column.type))
    except pa.ArrowInvalid as fault:
        first = str(fault).partition("\n")[0]
        raise PluginFault(
            f"{name}: a value does not fit {spelling} of Postgres: {first}; send what it can hold"
        ) from fault


def _wanted(spelling: str, arrow: pa.DataType) -> pa.DataType:
    if spelling.startswith("numeric"):
        if pa.types.is_decimal(arrow):
            return arrow
        return pa.decimal128(20, 0) if arrow == pa.uint64() else pa.decimal128(19, 0)
    return _EXACT["text"] if spelling.startswith("character") else _EXACT[spelling]


def _plain(column: pa.Array) -> pa.Array:
    """The column without CloudQuery's extension types, and without a dictionary."""
    if isinstance(column.type, pa.ExtensionType):
        column = column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _array_text(values: list[Any] | None, text: Callable[[Any], str]) -> str | None:
    """An array as Postgres reads it (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO)."""
    return None if values is None else "{" + ",".join(_element_text(each, text) for each in values) + "}"


def _element_text(value: Any, text: Callable[[Any], str]) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return str(_array_text(value, text))
    return '"' + text(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _text_of(arrow: pa.DataType) -> Callable[[Any], str]:
    """What writes a value of an array's innermost elements."""
    while pa.types.is_list(arrow) or pa.types.is_large_list(arrow):
        arrow = arrow.value_type
    if isinstance(arrow, UUIDType):
        return lambda value: str(UUID(bytes=value))
    if isinstance(arrow, JSONType):
        return lambda value: str(value.decode())
    return lambda value: f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
