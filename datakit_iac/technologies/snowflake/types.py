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
_LONGEST: Final = (16_777_216, 134_217_728)
"""Lengths of a `VARCHAR` that says none, by the version of the behaviour that the account has."""
_SPELLING: Final = re.compile(r"^([A-Z_]+)(?:\((\d+)(?:,(\d+))?\))?$")
_ARRAY: Final = DataType("array", element=DataType("json"))


def write(data_type: DataType) -> str:
    """The type in DDL. Whole numbers have one type here, and so have arrays.

    >>> write(DataType.parse("int")), write(DataType.parse("number(8,2)")), write(DataType.parse("string(20)"))
    ('NUMBER(38,0)', 'NUMBER(8,2)', 'VARCHAR(20)')
    """
    if data_type.name == "decimal":
        return f"NUMBER({data_type.parameters[0]},{data_type.parameters[1]})"
    if data_type.name == "string":
        return f"VARCHAR({data_type.parameters[0]})" if data_type.parameters else "VARCHAR"
    return _WRITTEN[data_type.name]


def spelled(kind: str, length: int | None, precision: int | None, scale: int | None) -> str:
    """A column's type as DDL has it, from the columns of `information_schema.columns`.

    >>> spelled("TEXT", 16777216, None, None), spelled("TEXT", 20, None, None), spelled("NUMBER", None, 8, 2)
    ('VARCHAR', 'VARCHAR(20)', 'NUMBER(8,2)')
    """
    if kind == "TEXT":
        return "VARCHAR" if length is None or length in _LONGEST else f"VARCHAR({length})"
    return f"NUMBER({precision},{scale or 0})" if kind == "NUMBER" and precision else kind


def read(spelling: str) -> DataType:
    """The type of a column.

    >>> str(read("NUMBER(38,0)")), str(read("NUMBER(18,0)")), str(read("ARRAY")), str(read("VARCHAR(20)"))
    ('bigint', 'decimal(18,0)', 'array<json>', 'string(20)')

    Raises:
        ValueError: there is no counterpart.
    """
    match = _SPELLING.match(spelling)
    name, first, second = match.groups() if match else (spelling, None, None)
    if name == "VARCHAR":
        return DataType("string", (int(first),) if first else ())
    if name == "NUMBER":
        return DataType("bigint") if spelling == _WHOLE else DataType("decimal", (int(first or 38), int(second or 0)))
    if name == "ARRAY":
        return _ARRAY
    if name not in _READ:
        raise ValueError(f"{spelling} has no counterpart")
    return DataType(_READ[name])


def widens(old: DataType, new: DataType) -> bool:
    """Whether `ALTER TABLE` gives a column another type: longer texts, and numbers with more digits before the point.

    Source: https://docs.snowflake.com/en/sql-reference/sql/alter-table-column
    """
    before, after = read(write(old)), read(write(new))
    if before == after or (before.name == after.name == "string"):
        return True
    return before.name == after.name == "decimal" and before.parameters[1] == after.parameters[1]
