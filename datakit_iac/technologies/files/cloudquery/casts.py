"""SQL that turns text into typed values without losing anything.

DuckDB's own casts round (``CAST('1.5' AS INTEGER)`` is 2) and cut (a date out of a timestamp); here such a value is an
error. The session's time zone must be UTC: a timestamptz without an offset is taken as UTC.
"""

from __future__ import annotations

from typing import Final

from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb.types import write

_INTEGERS: Final = ("smallint", "integer", "bigint")
_ISO_DATE: Final = 10
_LONGEST_TIME: Final = 15


def value(text: str, data_type: DataType, depth: int = 0) -> str:
    """The expression that makes the typed value of the text expression `text`; it fails where a value does not fit.

    `depth` is the number of arrays around it.
    """
    if data_type.element is not None:
        each = f"element_{depth}"
        return f"list_transform(CAST({text} AS VARCHAR[]), lambda {each}: {value(each, data_type.element, depth + 1)})"
    cast = _cast(text, data_type)
    doubt = _doubt(text, data_type)
    if not doubt:
        return cast
    return f"CASE WHEN {doubt} AND NOT {_is_lossless(text, data_type)} THEN error('misfit') ELSE {cast} END"


def misfits(text: str, data_type: DataType, depth: int = 0) -> str:
    """The expression that is true where a value does not fit."""
    if data_type.element is not None:
        each, elements = f"element_{depth}", f"TRY_CAST({text} AS VARCHAR[])"
        wrong = f"len(list_filter({elements}, lambda {each}: {misfits(each, data_type.element, depth + 1)})) > 0"
        return f"{text} IS NOT NULL AND ({elements} IS NULL OR {wrong})"
    wrong = f"({_cast(text, data_type, 'TRY_CAST')}) IS NULL"
    if _doubt(text, data_type):
        wrong += f" OR ({_doubt(text, data_type)} AND NOT {_is_lossless(text, data_type)})"
    return f"{text} IS NOT NULL AND ({wrong})"


def _cast(text: str, data_type: DataType, cast: str = "CAST") -> str:
    match data_type.name:
        case "string":
            return text
        case "binary":
            return f"encode({text})"
        case "json":
            return f"CAST({cast}({text} AS JSON) AS VARCHAR)"
        case "uuid":
            return f"unhex(replace(CAST({cast}({text} AS UUID) AS VARCHAR), '-', ''))"
        case _:
            return f"{cast}({text} AS {write(data_type)})"


def _doubt(text: str, data_type: DataType) -> str:
    """A cheap test that is true for all texts whose cast might lose something; empty where none does."""
    match data_type.name:
        case name if name in _INTEGERS:
            return f"(contains({text}, '.') OR contains({text}, 'e') OR contains({text}, 'E'))"
        case "decimal":
            return f"{text} IS NOT NULL"
        case "date":
            return f"length({text}) > {_ISO_DATE}"
        case "time":
            return f"length({text}) > {_LONGEST_TIME}"
        case "timestamp":
            return f"(contains({text}, '+') OR length({text}) > 19)"
        case "string" if data_type.parameters:
            return f"length({text}) > {data_type.parameters[0]}"
        case _:
            return ""


def _is_lossless(text: str, data_type: DataType) -> str:
    sql = write(data_type)
    match data_type.name:
        case "decimal":
            precision, scale = data_type.parameters
            finer = f"DECIMAL(38,{min(38 - (precision - scale), scale + 9)})"
            same = f"TRY_CAST({text} AS {sql}) = TRY_CAST({text} AS {finer})"
        case "date":
            same = f"TRY_CAST({text} AS DATE) = TRY_CAST({text} AS TIMESTAMP)"
        case "timestamp":
            same = f"TRY_CAST({text} AS TIMESTAMP) = CAST(TRY_CAST({text} AS TIMESTAMPTZ) AS TIMESTAMP)"
        case "time" | "string":
            same = "false"
        case _:
            same = f"TRY_CAST({text} AS {sql}) = TRY_CAST({text} AS DOUBLE)"
    return f"coalesce({same}, false)"
