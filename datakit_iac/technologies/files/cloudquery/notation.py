"""Numbers and dates as a file writes them, as SQL that gives the text which DuckDB's casts take."""

from __future__ import annotations

import re
from typing import Final

from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.files.cloudquery.reading import literal
from datakit_iac.technologies.files.csv_options import CsvOptions

_NUMBERS: Final = ("smallint", "integer", "bigint", "float", "double", "decimal")
_MISFIT: Final = "'?'"
"""What is neither a number nor a date."""


def usual(text: str, data_type: DataType, options: CsvOptions) -> str:
    """The text expression in the usual notation; a text that fits no such type where it is not in the file's own."""
    if data_type.name in _NUMBERS and (options.decimal != "." or options.thousands):
        return _number(text, options)
    if data_type.name == "date" and options.date_format:
        return _time(text, options.date_format)
    if data_type.name in ("timestamp", "timestamptz") and options.timestamp_format:
        return _time(text, options.timestamp_format)
    return text


def _number(text: str, options: CsvOptions) -> str:
    """Groups are of three digits, or of two before the last: ``3,50`` is never 350, nor ``1.234`` one and a bit."""
    decimal, group = re.escape(options.decimal), re.escape(options.thousands)
    whole = rf"(?:\d+|\d{{1,3}}(?:{group}\d{{2,3}})*{group}\d{{3}})" if group else r"\d+"
    pattern = rf" *[+-]?(?:{whole}(?:{decimal}\d*)?|{decimal}\d+)(?:[eE][+-]?\d+)? *"
    together = f"replace({text}, {literal(options.thousands)}, '')" if group else text
    usual_number = f"replace({together}, {literal(options.decimal)}, '.')"
    return _where(text, f"regexp_full_match({text}, {literal(pattern)})", usual_number)


def _time(text: str, form: str) -> str:
    """``%Y`` alone would take 24 for the year 24."""
    time = f"try_strptime({text}, {literal(form)})"
    fits = f"{time} IS NOT NULL" + (f" AND year({time}) >= 1000" if "%Y" in form else "")
    return _where(text, fits, f"CAST({time} AS VARCHAR)")


def _where(text: str, fits: str, usual_text: str) -> str:
    return f"(CASE WHEN {text} IS NULL THEN NULL WHEN {fits} THEN {usual_text} ELSE {_MISFIT} END)"
