"""Files of one shape as one relation of DuckDB: its SQL, and the columns that are in it."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from datakit_iac.cloudquery.files.finding import DataFile
from datakit_iac.cloudquery.files.spec import TableSpec
from datakit_iac.cloudquery.servicers import PluginFault
from datakit_iac.manifest.types import DataType
from datakit_iac.technologies.duckdb.types import find

_DELIMITERS: Final = ",;\t|"
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
class Scan:
    """Files of one shape.

    Attributes:
        files: which.
        columns: what is in them.
        relation: the part of a SQL statement after FROM, with `{files}` for the list of paths.
        first_line: the line of the first row; 0 where rows are not lines.
    """

    files: tuple[DataFile, ...]
    columns: tuple[Found, ...]
    relation: str
    first_line: int

    def sql(self, files: Sequence[DataFile] | None = None) -> str:
        """The relation over all its files, or over some of them."""
        paths = ", ".join(literal(str(file.path)) for file in files or self.files)
        return self.relation.replace("{files}", f"[{paths}]")


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"


def scans(connection: duckdb.DuckDBPyConnection, spec: TableSpec, files: Sequence[DataFile]) -> list[Scan]:
    """The files in groups of one shape each, in their order.

    Raises:
        PluginFault: a file cannot be read.
    """
    groups: list[tuple[Scan, list[DataFile]]] = []
    for file in files:
        scan = _scan(connection, spec, file)
        if groups and groups[-1][0].columns == scan.columns and groups[-1][0].relation == scan.relation:
            groups[-1][1].append(file)
        else:
            groups.append((scan, [file]))
    return [Scan(tuple(members), scan.columns, scan.relation, scan.first_line) for scan, members in groups]


def inferred(connection: duckdb.DuckDBPyConnection, spec: TableSpec, scan: Scan) -> dict[str, DataType]:
    """The type of each column as DuckDB infers it; what a table cannot hold becomes JSON."""
    if scan.files[0].format != "csv":
        return {column.name: column.type or DataType("json") for column in scan.columns}
    delimiter = delimiter_of(spec, scan.files[0])
    reading = _csv_options(spec, delimiter) + f", sample_size={_SAMPLE}, dateformat='%Y-%m-%d'"
    names = f"names=[{', '.join(literal(column.name) for column in scan.columns)}]"
    described = _described(connection, f"read_csv({{files}}, {reading}, {names})", scan.files)
    return {name: data_type or DataType("string") for name, data_type in described.items()}


def delimiter_of(spec: TableSpec, file: DataFile) -> str:
    """The delimiter: declared, or the one that cuts the first line into most pieces."""
    if spec.delimiter:
        return spec.delimiter
    first = _first_line(file)
    return max(_DELIMITERS, key=lambda sign: (first.count(sign), -_DELIMITERS.index(sign)))


def _scan(connection: duckdb.DuckDBPyConnection, spec: TableSpec, file: DataFile) -> Scan:
    match file.format:
        case "csv":
            return _csv(spec, file)
        case "json":
            return _json(connection, file)
        case "parquet":
            return _parquet(connection, file)


def _csv(spec: TableSpec, file: DataFile) -> Scan:
    delimiter = delimiter_of(spec, file)
    record = next(csv.reader(io.StringIO(_first_line(file)), delimiter=delimiter), [])
    if not record:
        raise PluginFault(f"{file.shown} is empty; expected a first line with the columns' names")
    names = [name.strip() or f"column{number}" for number, name in enumerate(record)]
    if not spec.header:
        declared = [column.name for column in spec.columns]
        if declared and len(declared) != len(record):
            raise PluginFault(f"{file.shown} has {len(record)} columns and no header; the contract has {len(declared)}")
        names = declared or [f"column{number}" for number in range(len(record))]
    if twice := sorted({name for name in names if [each.lower() for each in names].count(name.lower()) > 1}):
        raise PluginFault(f"{file.shown} has several columns named {', '.join(twice)}; expected each name once")
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    relation = f"read_csv({{files}}, auto_detect=false, {_csv_options(spec, delimiter)}, columns={{{columns}}})"
    found = tuple(Found(name, DataType("string"), quoted(name), quoted(name)) for name in names)
    return Scan((file,), found, relation, 2 if spec.header else 1)


def _csv_options(spec: TableSpec, delimiter: str) -> str:
    nulls = ", ".join(map(literal, spec.nulls))
    header = "true" if spec.header else "false"
    return f"header={header}, delim={literal(delimiter)}, quote='\"', escape='\"', nullstr=[{nulls}]"


def _first_line(file: DataFile) -> str:
    try:
        if file.path.suffix.lower() == ".gz":
            with gzip.open(file.path, "rt", encoding="utf-8-sig", newline="") as packed:
                return packed.readline()
        with file.path.open(encoding="utf-8-sig", newline="") as plain:
            return plain.readline()
    except UnicodeDecodeError as fault:
        raise PluginFault(f"{file.shown} is not UTF-8 (byte {fault.start}); convert it first") from fault
    except (OSError, EOFError) as fault:
        raise PluginFault(f"{file.shown} cannot be read: {fault}") from fault


def _json(connection: duckdb.DuckDBPyConnection, file: DataFile) -> Scan:
    # All rows are looked at: a key that only the last row has is told too.
    described = _described(connection, "read_json({files}, format='auto', sample_size=-1)", (file,))
    columns = ", ".join(f"{literal(name)}: 'JSON'" for name in described)
    found = tuple(Found(name, kind, f"({quoted(name)} ->> '$')", quoted(name)) for name, kind in described.items())
    return Scan((file,), found, f"read_json({{files}}, format='auto', columns={{{columns}}})", 1)


def _parquet(connection: duckdb.DuckDBPyConnection, file: DataFile) -> Scan:
    described = _described(connection, "read_parquet({files})", (file,))
    found = tuple(_typed(name, kind) for name, kind in described.items())
    return Scan((file,), found, "read_parquet({files})", 0)


def _typed(name: str, kind: DataType | None) -> Found:
    raw = quoted(name)
    text = f"CAST({raw} AS VARCHAR)" if kind else f"CAST(to_json({raw}) AS VARCHAR)"
    return Found(name, kind, text, raw, is_text=False)


def _described(
    connection: duckdb.DuckDBPyConnection, relation: str, files: Sequence[DataFile]
) -> dict[str, DataType | None]:
    paths = ", ".join(literal(str(file.path)) for file in files)
    try:
        rows = connection.execute(f"DESCRIBE SELECT * FROM {relation.replace('{files}', f'[{paths}]')}").fetchall()
    except duckdb.Error as fault:
        shown = files[0].shown
        raise PluginFault(f"{shown} cannot be read as {files[0].format}: {_first(fault)}") from fault
    return {row[0]: find(row[1]) for row in rows}


def _first(fault: Exception) -> str:
    return str(fault).partition("\n")[0]
