"""Giving a column a narrower type: which values fit, and what becomes of the others."""

from __future__ import annotations

from typing import Final

from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.postgres.types import write
from datakit_iac.technologies.sql.names import literal

_NUMBERS: Final = ("smallint", "integer", "bigint", "float", "double", "decimal")
_ROUNDING: Final = ("float", "double")
"""Types whose nature it is to hold the nearest value."""


def fitting(column: str, old: DataType, new: DataType) -> str:
    """The SQL that gives each value in the new type, and NULL where it does not fit.

    Postgres's own casts round, cut or fail: ``CAST(1.5 AS integer)`` is 2. Such a value does not fit.

    Args:
        column: the column, quoted.
        old: its type.
        new: the type that it becomes.
    """
    # A number without the zeros behind its point, and never as 1e+15, which an integer cannot be read from.
    text = f"trim_scale({column}::numeric)::text" if old.name in _NUMBERS else f"{column}::text"
    value = f"({text})::{write(new)}"
    return f"CASE WHEN {_is_valid(text, new)} THEN {_kept(column, text, value, old, new)} END"


def _kept(column: str, text: str, value: str, old: DataType, new: DataType) -> str:
    """The value, where the cast of its text has lost nothing."""
    if new.name in _ROUNDING or new.name == "string":
        return value
    if new.name == "decimal":
        return f"CASE WHEN {value} = ({text})::numeric THEN {value} END"
    if old.name == "string" and new.name == "date":
        return f"CASE WHEN {value} = ({text})::timestamp THEN {value} END"
    if old.name == "string" or new.name in (*_NUMBERS, "boolean"):
        return value
    back = f"({value})::text"
    return f"CASE WHEN {_is_valid(back, old)} THEN CASE WHEN ({back})::{write(old)} = {column} THEN {value} END END"


def _is_valid(text: str, data_type: DataType) -> str:
    return f"pg_input_is_valid({text}, {literal(write(data_type))})"
