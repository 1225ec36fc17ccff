"""How many records were delivered, counted without DuckDB, and the proof that as many were read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.files.cloudquery.counts.csv_records import CsvRecords
from datakit_iac.technologies.files.cloudquery.counts.json_values import JsonValues
from datakit_iac.technologies.files.cloudquery.finding import DataFile, State
from datakit_iac.technologies.files.cloudquery.opening import Dialect
from datakit_iac.technologies.files.cloudquery.records import blocks, changed


@dataclass(frozen=True, slots=True)
class CsvCount:
    """What was counted of a CSV file.

    Attributes:
        file: whose it is, without its number of records.
        filled: records that are not empty, the header left out.
        empty: empty lines.
        head: the first record as it is in the file.
        line_break: what records end with; empty where there is but one, without an end.
    """

    file: DataFile
    filled: int
    empty: int
    head: bytes
    line_break: bytes

    def of(self, columns: int) -> DataFile:
        """The file with its number of records: an empty line is one where there is one column."""
        return replace(self.file, records=self.filled + (self.empty if columns == 1 else 0))


def count_csv(file: DataFile, dialect: Dialect, limit: int, *, has_header: bool) -> CsvCount:
    """Count the records of a CSV file.

    Raises:
        PluginFault: a record is too long, line ends are mixed, or a quote is not closed.
    """
    fresh = _fresh(file)
    count = CsvRecords(file, dialect, limit)
    count.count(blocks(file))
    filled = count.records - bool(has_header and count.records)
    return CsvCount(fresh, filled, count.empty, count.head, count.line_break)


def count_json(file: DataFile, limit: int) -> DataFile:
    """Count the values of a JSON file.

    Raises:
        PluginFault: a value is too long, or the file ends inside of one.
    """
    fresh = _fresh(file)
    count = JsonValues(file, limit)
    count.count(blocks(file))
    return replace(fresh, records=count.records)


def count_parquet(file: DataFile) -> DataFile:
    """Take the number of rows from the footer of a Parquet file.

    Raises:
        PluginFault: it has none, or contradicts itself.
    """
    # Late: only who reads Parquet pays for the import.
    from pyarrow import parquet

    fresh = _fresh(file)
    try:
        footer = parquet.read_metadata(file.path)
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise PluginFault(f"{file.shown} cannot be read as parquet: {fault}") from fault
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    if (rows := sum(group.num_rows for group in groups)) != footer.num_rows:
        raise PluginFault(
            f"{file.shown} says that it has {footer.num_rows:,} rows, and its row groups have {rows:,}; write it again"
        )
    return replace(fresh, records=footer.num_rows, size=sum(group.total_byte_size for group in groups))


def prove(
    connection: duckdb.DuckDBPyConnection,
    relation: Callable[[Sequence[DataFile]], str],
    files: Sequence[DataFile],
    read: int,
) -> None:
    """Hold what was read of files to what was counted in them.

    Args:
        connection: one that nothing is read from.
        relation: the SQL of what was read of some of the files.
        files: all of them, each with the number of records that there are to read.
        read: how many were.

    Raises:
        PluginFault: it is more or less, or a file was changed meanwhile.
    """
    for file in files:
        if _state(file) != file.state:
            raise changed(file)
    delivered = sum(file.records for file in files)
    if delivered == read:
        return
    for file in files:
        row = connection.execute(f"SELECT count(*) FROM {relation((file,))}").fetchone()
        if row and row[0] != file.records:
            raise unequal(file.shown, file.records, row[0])
    raise unequal(" and ".join(file.shown for file in files), delivered, read)


def unequal(shown: str, delivered: int, read: int) -> PluginFault:
    """Other records were read than were counted."""
    return PluginFault(
        f"{shown}: {delivered:,} records were delivered, and {read:,} were read; none is loaded. Write it in plainer"
        " form: every value with quotes or line breaks in quotes, JSON as lines of one object each, or as Parquet"
    )


def _fresh(file: DataFile) -> DataFile:
    """The file with what it is when its count begins."""
    state = _state(file)
    return replace(file, size=state.size, state=state)


def _state(file: DataFile) -> State:
    try:
        return State.of(file.path)
    except OSError as fault:
        raise PluginFault(f"{file.shown} cannot be read: {fault.strerror or fault}") from fault
