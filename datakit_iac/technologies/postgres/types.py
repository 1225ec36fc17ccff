"""Column types as Postgres spells them (https://www.postgresql.org/docs/current/datatype.html)."""

from __future__ import annotations

import re
from typing import Final

from datakit_iac.manifest.values.types import DataType

_WRITTEN: Final = {
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "float": "real",
    "double": "double precision",
    "binary": "bytea",
    "date": "date",
    "time": "time without time zone",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "json": "jsonb",
    "uuid": "uuid",
}
_READ: Final = {spelling: name for name, spelling in _WRITTEN.items()} | {
    "text": "string",
    "name": "string",
    "json": "json",
    "oid": "bigint",
}
_SPELLING: Final = re.compile(r"^([a-z ]+?)(?:\((\d+)(?:,(-?\d+))?\))?( with(?:out)? time zone)?$")
_WIDEST: Final = 38
_FREE: Final = DataType("decimal", (_WIDEST, 9))
"""Of `numeric` without precision, which holds any number."""


def write(data_type: DataType) -> str:
    """The type in DDL. An array keeps no number of dimensions.

    >>> write(DataType.parse("array<array<int>>")), write(DataType.parse("number(8,2)")), write(DataType.parse("text"))
    ('integer[]', 'numeric(8,2)', 'text')
    """
    if data_type.element is not None:
        return f"{write(data_type.element).removesuffix('[]')}[]"
    if data_type.name == "decimal":
        return f"numeric({data_type.parameters[0]},{data_type.parameters[1]})"
    if data_type.name == "string":
        return f"character varying({data_type.parameters[0]})" if data_type.parameters else "text"
    return _WRITTEN[data_type.name]


def read(spelling: str) -> DataType:
    """The type of a column as `format_type` shows it.

    >>> str(read("timestamp(3) with time zone")), str(read("numeric(8,2)[]")), str(read("character varying(20)"))
    ('timestamptz', 'array<decimal(8,2)>', 'string(20)')

    Raises:
        ValueError: there is no counterpart.
    """
    if spelling.endswith("[]"):
        return DataType("array", element=read(spelling.removesuffix("[]")))
    match = _SPELLING.match(spelling)
    if match is None:
        raise ValueError(f"{spelling} has no counterpart")
    name, first, second, zone = match.groups()
    if name == "numeric":
        return _decimal(int(first), int(second or 0)) if first else _FREE
    if name in ("character varying", "character"):
        return DataType("string", (int(first),) if first else ())
    found = _READ.get(name + (zone or ""))
    if found is None:
        raise ValueError(f"{spelling} has no counterpart")
    return DataType(found)


def _decimal(precision: int, scale: int) -> DataType:
    """What holds it, as far as 38 digits do."""
    whole = min(max(precision, scale, 1) - min(scale, 0), _WIDEST)
    return DataType("decimal", (whole, min(max(scale, 0), whole)))
