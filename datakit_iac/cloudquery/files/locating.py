"""Finding the value that stopped a read, and saying where it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import duckdb

from datakit_iac.cloudquery.files.casts import misfits
from datakit_iac.cloudquery.files.finding import DataFile
from datakit_iac.cloudquery.files.matching import Part
from datakit_iac.cloudquery.files.scanning import Found
from datakit_iac.cloudquery.files.spec import DeclaredColumn
from datakit_iac.cloudquery.servicers import PluginFault

_LINE: Final = re.compile(r"CSV Error on Line: (\d+)")
_SHOWN: Final = 80
"""Characters of a value that are shown."""


def misfit(connection: duckdb.DuckDBPyConnection, part: Part, fault: Exception) -> PluginFault:
    """The first value that does not fit its column's type; where there is none, what DuckDB says."""
    pairs = [(column, found) for column, found in part.columns if found]
    tests = [misfits(found.text, column.type) for column, found in pairs]
    try:
        for file in part.scan.files:
            if hit := _first(connection, part, file, pairs, tests):
                line, column, value = hit
                return PluginFault(
                    f"{file.shown}, {_place(part, line)}, column {column.name}:"
                    f" {_shortened(value)} is no {column.type}; mend the value or the type the contract declares"
                )
    except duckdb.Error as second:
        fault = second
    return _structural(part, fault)


def empty(connection: duckdb.DuckDBPyConnection, part: Part, columns: Sequence[DeclaredColumn]) -> PluginFault:
    """The first row that lacks the value of a required column."""
    wanted = {column.name for column in columns}
    pairs = [(column, found) for column, found in part.columns if found and column.name in wanted]
    tests = [f"{found.text} IS NULL" for _, found in pairs]
    for file in part.scan.files:
        if hit := _first(connection, part, file, pairs, tests):
            line, column, _ = hit
            rows = _count(connection, part, file, tests[[each for each, _ in pairs].index(column)])
            return PluginFault(
                f"{file.shown}, {_place(part, line)}, column {column.name}: no value, but the contract requires one"
                f" ({rows:,} such rows in the file); mend the file, or declare the column nullable and not a key"
            )
    missing = ", ".join(sorted(wanted))
    return PluginFault(f"{part.scan.files[0].shown}: rows without a value of required columns: {missing}")


def _first(
    connection: duckdb.DuckDBPyConnection,
    part: Part,
    file: DataFile,
    pairs: Sequence[tuple[DeclaredColumn, Found]],
    tests: Sequence[str],
) -> tuple[int, DeclaredColumn, str | None] | None:
    which = " ".join(f"WHEN {test} THEN {number}" for number, test in enumerate(tests))
    values = " ".join(f"WHEN {test} THEN {found.text}" for test, (_, found) in zip(tests, pairs, strict=True))
    # One thread: rows keep their order. A quoted line break shifts the lines of the rows after it.
    breaks = " + ".join(
        f"coalesce(len({found.text}) - len(replace({found.text}, chr(10), '')), 0)" for _, found in pairs
    )
    query = (
        "SELECT line, which, value FROM (SELECT row_number() OVER () + coalesce(sum(breaks) OVER ("
        "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS line, which, value FROM ("
        f"SELECT {breaks if part.scan.first_line else '0'} AS breaks,"
        f" CASE {which} END AS which, CASE {values} END AS value FROM {part.scan.sql([file])}))"
        " WHERE which IS NOT NULL ORDER BY line LIMIT 1"
    )
    connection.execute("SET threads = 1")
    row = connection.execute(query).fetchone()
    return (int(row[0]), pairs[row[1]][0], row[2]) if row else None


def _count(connection: duckdb.DuckDBPyConnection, part: Part, file: DataFile, test: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {part.scan.sql([file])} WHERE {test}").fetchone()
    return int(row[0]) if row else 0


def _place(part: Part, row: int) -> str:
    first = part.scan.first_line
    return f"line {row + first - 1}" if first else f"row {row}"


def _structural(part: Part, fault: Exception) -> PluginFault:
    text = str(fault)
    file = next((file for file in part.scan.files if str(file.path) in text), part.scan.files[0])
    line = _LINE.search(text)
    place = f", line {line.group(1)}" if line else ""
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    said = [each for each in lines if not _LINE.search(each)][:2] if line else lines[:1]
    message = "; ".join(said).replace(str(file.path), file.shown)
    return PluginFault(f"{file.shown}{place}: {message.removeprefix('Invalid Input Error: ')}")


def _shortened(value: str | None) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
