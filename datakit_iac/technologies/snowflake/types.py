"""Column types as Snowflake spells them (https://docs.snowflake.com/en/sql-reference/intro-summary-data-types)."""

from __future__ import annotations

import re
from typing import Final

from datakit_iac.manifest.values.types import DataType

_WHOLE: Final = "NUMBER(38,0)"
_WRITTEN: Final = {
    "boolean": "BOOLEAN",
    "smallint": _WHOLE,
    "integer": _WHOLE,
    "bigint": _WHOLE,
    "float": "FLOAT",
    "double": "FLOAT",
    "string": "VARCHAR",
    "binary": "BINARY",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP_NTZ",
    "timestamptz": "TIMESTAMP_TZ",
    "json": "VARIANT",
    "uuid": "VARCHAR",
    "array": "ARRAY",
}
_READ: Final = {
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "FLOAT": "double",
    "BINARY": "binary",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP_NTZ": "timestamp",
    "TIMESTAMP_TZ": "timestamptz",
    "TIMESTAMP_LTZ": "timestamptz",
    "VARIANT": "json",
    "OBJECT": "json",
}
_SPELLING: Final = re.compile(r"^([A-Z_]+)(?:\((\d+)(?:,(\d+))?\))?$")
_ARRAY: Final = DataType("array", element=DataType("json"))


def write(data_type: DataType) -> str:
    """The type in DDL. Whole numbers have one type here, and so have texts and arrays.

    A query gives `count(*)` eighteen digits and `'new'` three characters, which would else not be what a contract says.

    >>> write(DataType.parse("int")), write(DataType.parse("number(8,2)")), write(DataType.parse("string(20)"))
    ('NUMBER(38,0)', 'NUMBER(8,2)', 'VARCHAR')
    """
    if data_type.name == "decimal" and data_type.parameters[1]:
        return f"NUMBER({data_type.parameters[0]},{data_type.parameters[1]})"
    if data_type.name == "decimal":
        return _WHOLE
    return _WRITTEN[data_type.name]


def spelled(kind: str, length: int | None, precision: int | None, scale: int | None) -> str:
    """A column's type as DDL has it, from the columns of `information_schema.columns`.

    >>> spelled("TEXT", 20, None, None), spelled("NUMBER", None, 8, 2)
    ('VARCHAR(20)', 'NUMBER(8,2)')
    """
    if kind == "TEXT":
        return f"VARCHAR({length})" if length else "VARCHAR"
    return f"NUMBER({precision},{scale or 0})" if kind == "NUMBER" and precision else kind


def read(spelling: str) -> DataType:
    """The type of a column.

    >>> str(read("NUMBER(38,0)")), str(read("NUMBER(18,0)")), str(read("ARRAY")), str(read("VARCHAR(20)"))
    ('bigint', 'bigint', 'array<json>', 'string')

    Raises:
        ValueError: there is no counterpart.
    """
    match = _SPELLING.match(spelling)
    name, first, second = match.groups() if match else (spelling, None, None)
    if name == "NUMBER":
        scale = int(second or 0)
        return DataType("decimal", (int(first or 38), scale)) if scale else DataType("bigint")
    if name == "ARRAY":
        return _ARRAY
    if name not in _READ:
        raise ValueError(f"{spelling} has no counterpart")
    return DataType(_READ[name])


def widens(old: DataType, new: DataType) -> bool:
    """Whether `ALTER TABLE` gives a column another type: numbers with more digits before the point.

    Source: https://docs.snowflake.com/en/sql-reference/sql/alter-table-column
    """
    before, after = read(write(old)), read(write(new))
    if before.name == after.name == "decimal":
        return before.parameters[1] == after.parameters[1]
    return before == after
