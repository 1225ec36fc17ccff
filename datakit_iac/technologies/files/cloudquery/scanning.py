"""Files of one shape as one relation of DuckDB: its SQL, its columns, and how many records there must be."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.duckdb.types import find
from datakit_iac.technologies.files.cloudquery.counts.counting import count_csv, count_json, count_parquet
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.opening import Dialect, not_in_encoding, opened
from datakit_iac.technologies.files.cloudquery.reading import (
    Reader,
    csv_reader,
    json_reader,
    literal,
    parquet_reader,
    quoted,
)
from datakit_iac.technologies.files.cloudquery.spec import TableSpec
from datakit_iac.technologies.files.csv_options import CsvOptions

_SAMPLE: Final = 20_480
"""Rows from which DuckDB infers the types of a CSV file."""


@dataclass(frozen=True, slots=True)
class Found:
    """A column of the files.

    Attributes:
        name: its name there.
        type: its type as far as it is known; that of a CSV column is always string.
        text: the SQL that gives its values as text.
        raw: the SQL that gives them as they are.
        is_text: whether they are read as text: from CSV, and from JSON, whose numbers are written in text.
    """

    name: str
    type: DataType | None
    text: str
    raw: str
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Csv:
    """How CSV files are read.

    Attributes:
        options: as they are declared.
        dialect: as it was found.
        limit: bytes of a record.
    """

    options: CsvOptions
    dialect: Dialect
    limit: int


@dataclass(frozen=True, slots=True)
class Scan:
    """Files of one shape.

    Attributes:
        files: which, each with the number of its records.
        columns: what is in them.
        reader: what makes a relation of them.
        unit: what messages call a record: a line, or a row.
        csv: how the files are read, if they are CSV.
    """

    files: tuple[DataFile, ...]
    columns: tuple[Found, ...]
    reader: Reader
    unit: str
    csv: Csv | None = None

    def sql(self, files: Sequence[DataFile]) -> str:
        """The relation over some of its files."""
        return self.reader.over(files)


def scans(
    connection: duckdb.DuckDBPyConnection, spec: TableSpec, files: Sequence[DataFile], folder: Path
) -> list[Scan]:
    """The files in groups of one shape each, in their order; copies that had to be made go into the folder.

    Raises:
        PluginFault: a file cannot be read.
    """
    groups: list[tuple[Scan, list[DataFile]]] = []
    for file in files:
        scan = _scan(connection, spec, file, folder)
        if groups and groups[-1][0].columns == scan.columns and groups[-1][0].reader == scan.reader:
            groups[-1][1].extend(scan.files)
        else:
            groups.append((scan, list(scan.files)))
    return [replace(scan, files=tuple(members)) for scan, members in groups]


def inferred(connection: duckdb.DuckDBPyConnection, spec: TableSpec, scan: Scan) -> dict[str, DataType]:
    """The type of each column as DuckDB infers it; what a table cannot hold becomes JSON."""
    if scan.csv is None:
        return {column.name: column.type or DataType("json") for column in scan.columns}
    options = scan.csv.options
    sampling = [
        f"sample_size={_SAMPLE}",
        f"dateformat={literal(options.date_format or '%Y-%m-%d')}",
        f"decimal_separator={literal(options.decimal)}",
        f"names=[{', '.join(literal(column.name) for column in scan.columns)}]",
    ]
    if options.timestamp_format:
        sampling.append(f"timestampformat={literal(options.timestamp_format)}")
    described = _described(connection, csv_reader(spec, scan.csv.dialect, *sampling), scan.files)
    return {name: data_type or DataType("string") for name, data_type in described.items()}


def _scan(connection: duckdb.DuckDBPyConnection, spec: TableSpec, file: DataFile, folder: Path) -> Scan:
    match file.format:
        case "csv":
            scan = _csv(spec, file, folder)
        case "json":
            scan = _json(connection, spec, file)
        case "parquet":
            scan = _parquet(connection, file)
    if odd := [column.name for column in scan.columns if "\0" in column.name]:
        raise PluginFault(f"{file.shown} has a NUL in the name of column {odd[0]!r}; expected text, as UTF-8")
    return scan


def _csv(spec: TableSpec, delivered: DataFile, folder: Path) -> Scan:
    file, dialect = opened(delivered, spec.csv, spec.limits.record, folder)
    counted = count_csv(file, dialect, spec.limits.record, has_header=spec.csv.header)
    record = _record(file, _text(file, counted.head), dialect)
    if not record:
        raise PluginFault(f"{file.shown} is empty; expected a first line with the columns' names")
    names = [name.strip() or f"column{number}" for number, name in enumerate(record)]
    if not spec.csv.header:
        declared = [column.name for column in spec.columns]
        if declared and len(declared) != len(record):
            raise PluginFault(f"{file.shown} has {len(record)} columns and no header; the contract has {len(declared)}")
        names = declared or [f"column{number}" for number in range(len(record))]
    if twice := sorted({name for name in names if [each.lower() for each in names].count(name.lower()) > 1}):
        raise PluginFault(f"{file.shown} has several columns named {', '.join(twice)}; expected each name once")
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    # Where a header has other line breaks in quotes, DuckDB would take those for the file's.
    breaks = [f"new_line={literal(repr(counted.line_break.decode())[1:-1])}"] if counted.line_break else []
    reader = csv_reader(spec, dialect, "auto_detect=false", f"columns={{{columns}}}", *breaks)
    found = tuple(Found(name, DataType("string"), quoted(name), quoted(name)) for name in names)
    return Scan((counted.of(len(names)),), found, reader, "line", Csv(spec.csv, dialect, spec.limits.record))


def _text(file: DataFile, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise not_in_encoding(file, "utf-8") from fault


def _record(file: DataFile, head: str, dialect: Dialect) -> list[str]:
    is_doubled = dialect.quote == dialect.escape
    try:
        reader = csv.reader(
            io.StringIO(head, newline=""),
            delimiter=dialect.delimiter,
            quotechar=dialect.quote or None,
            quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
            escapechar=None if is_doubled else dialect.escape,
            doublequote=is_doubled,
            skipinitialspace=True,
        )
        return next(reader, [])
    except (csv.Error, TypeError, ValueError) as fault:
        raise PluginFault(f"{file.shown}: its first line is not valid CSV: {fault}") from fault


def _json(connection: duckdb.DuckDBPyConnection, spec: TableSpec, file: DataFile) -> Scan:
    counted = count_json(file, spec.limits.record)
    if not counted.records:
        raise PluginFault(f"{file.shown} holds no record; expected at least one JSON object")
    # All rows are looked at: a key that only the last row has is reported too.
    described = _described(connection, json_reader(spec, "sample_size=-1"), (file,))
    _refuse_cases(connection, spec, file, list(described))
    columns = ", ".join(f"{literal(name)}: 'JSON'" for name in described)
    found = tuple(Found(name, kind, f"({quoted(name)} ->> '$')", quoted(name)) for name, kind in described.items())
    return Scan((counted,), found, json_reader(spec, f"columns={{{columns}}}"), "line")


def _refuse_cases(connection: duckdb.DuckDBPyConnection, spec: TableSpec, file: DataFile, names: list[str]) -> None:
    """Refuse keys that differ in case alone: DuckDB calls the second one `A_1`, and reads it from no row."""
    known = {name.lower() for name in names}
    if not any(name.rpartition("_")[0].lower() in known and name.rpartition("_")[2].isdigit() for name in names):
        return
    objects = replace(json_reader(spec), function="read_json_objects").over((file,))
    rows = connection.execute(
        f"SELECT list(key ORDER BY key) FROM (SELECT DISTINCT unnest(json_keys(json)) AS key FROM {objects})"
        " GROUP BY lower(key) HAVING count(*) > 1"
    ).fetchall()
    if rows:
        raise PluginFault(f"{file.shown} has several keys named {', '.join(rows[0][0])}; expected each name once")


def _parquet(connection: duckdb.DuckDBPyConnection, file: DataFile) -> Scan:
    counted = count_parquet(file)
    reader = parquet_reader()
    described = _described(connection, reader, (file,))
    found = tuple(_typed(name, kind) for name, kind in described.items())
    return Scan((counted,), found, reader, "row")


def _typed(name: str, kind: DataType | None) -> Found:
    raw = quoted(name)
    text = f"CAST({raw} AS VARCHAR)" if kind else f"CAST(to_json({raw}) AS VARCHAR)"
    return Found(name, kind, text, raw, is_text=False)


def _described(
    connection: duckdb.DuckDBPyConnection, reader: Reader, files: Sequence[DataFile]
) -> dict[str, DataType | None]:
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {reader.over(files)}").fetchall()
    except duckdb.Error as fault:
        shown = files[0].shown
        said = str(fault).partition("\n")[0].replace(str(files[0].path), shown)
        raise PluginFault(f"{shown} cannot be read as {files[0].format}: {said}") from fault
    return {row[0]: find(row[1]) for row in rows}
