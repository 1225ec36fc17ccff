"""Giving a column a narrower type: which values fit, and what becomes of the others."""

from __future__ import annotations

from typing import Final

from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb.types import write

_NUMBERS: Final = ("smallint", "integer", "bigint", "decimal")
_ROUNDING: Final = ("float", "double")
"""Types whose nature it is to hold the nearest value."""


def fitting(column: str, old: DataType, new: DataType) -> str:
    """The SQL that gives each value in the new type, and NULL where it does not fit.

    DuckDB's own casts round and cut: ``CAST(1.5 AS INTEGER)`` is 2. Such a value does not fit.

    Args:
        column: the column, quoted.
        old: its type.
        new: the type that it becomes.
    """
    cast = f"TRY_CAST({column} AS {write(new)})"
    if new.name in _ROUNDING or new.name == "string":
        return cast
    if old.name != "string":
        return f"CASE WHEN TRY_CAST({cast} AS {write(old)}) = {column} THEN {cast} END"
    if new.name in _NUMBERS:
        return f"CASE WHEN {cast} = TRY_CAST({column} AS {_finer(new)}) THEN {cast} END"
    if new.name == "date":
        return f"CASE WHEN {cast} = TRY_CAST({column} AS TIMESTAMP) THEN {cast} END"
    return cast


def _finer(new: DataType) -> str:
    """A type that holds what `new` holds, and the digits that `new` would cut off."""
    precision, scale = new.parameters or (19, 0)
    return f"DECIMAL(38,{min(38 - (precision - scale), scale + 9)})"
