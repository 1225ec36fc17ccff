"""Reading files with DuckDB and giving them out as Arrow batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.columns import DeclaredColumn
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.technologies.files.cloudquery.counts.counting import prove
from datakit_iac.technologies.files.cloudquery.finding import DataFile, find
from datakit_iac.technologies.files.cloudquery.matching import Part, adopt, match
from datakit_iac.technologies.files.cloudquery.misfits import sifting
from datakit_iac.technologies.files.cloudquery.misfits.refusing import refusal
from datakit_iac.technologies.files.cloudquery.misfits.search import Misfit
from datakit_iac.technologies.files.cloudquery.scanning import inferred, scans
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec, TableSpec

_BATCH: Final = 64 << 20
"""Bytes of text in a batch, as far as the mean of a file tells; so that long records do not fill the memory."""


@dataclass(frozen=True, slots=True)
class _Table:
    """A table that is ready to be read."""

    spec: TableSpec
    parts: list[Part]
    schema: pa.Schema
    misfits: tuple[Misfit, ...] = ()


class FilesSource:
    """The tables of a spec; opening finds all files and columns, so that all faults are reported before a row moves.

    Attributes:
        absent: the columns that the files of a table may lack, in lower case, by its name; `files` adds to them.

    Raises:
        PluginFault: files or columns are missing, or cannot be read; or more does not fit than the quarantine of a
            table may take.
    """

    def __init__(self, spec: FilesSpec, tell: Callable[[Event], None] = emit) -> None:
        self._spec, self._tell = spec, tell
        self._temporary = TemporaryDirectory(prefix="datakit-files-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self._connection = duckdb.connect(config={"threads": spec.threads, "autoinstall_known_extensions": False})
        self._connection.execute("SET TimeZone = 'UTC'")
        self._tables: list[_Table] = []
        self.absent = dict[str, AbstractSet[str]]()
        faults = []
        try:
            for table in spec.tables:
                try:
                    self._tables.append(self._opened(table))
                except (PluginFault, ValueError) as fault:
                    faults.append(f"{table.name}: {fault}")
            if faults:
                raise PluginFault("\n".join(faults))
        except BaseException:
            self.close()
            raise

    def tables(self) -> list[bytes]:
        """The schemas of the tables, and of their quarantines."""
        schemas = [*(table.schema for table in self._tables), *map(sifting.schema, self._refused())]
        return [wire.encode_schema(each) for each in schemas]

    def batches(self) -> Iterator[bytes]:
        """All rows, table after table, in batches.

        Raises:
            PluginFault: a value does not fit its column, with file, line and column; or not every record that was
                delivered was read.
        """
        for table in self._tables:
            for part in table.parts:
                rows = 0
                for batch in self._read(table, part):
                    rows += batch.num_rows
                    yield wire.encode_batch(self._checked(batch, table, part))
                prove(self._second(), part.relation, part.scan.files, rows)
        for name, misfits in self._refused().items():
            for batch in sifting.batches(name, misfits):
                yield wire.encode_batch(batch)

    def close(self) -> None:
        """Close the reader and remove what was unpacked."""
        self._connection.close()
        self._temporary.cleanup()

    def files(self, spec: TableSpec) -> list[DataFile]:
        """The files of a table; what is none yet is put into `self.folder`.

        Raises:
            PluginFault: they cannot be read.
        """
        return find(spec, self.folder)

    def _opened(self, spec: TableSpec) -> _Table:
        files = self.files(spec)
        if not files:
            return _Table(spec, [], _schema(spec.name, spec.columns))
        shapes = scans(self._connection, spec, files, self.folder)
        if spec.columns:
            parts, notes = match(spec, shapes, self.absent.get(spec.name, frozenset()))
        else:
            parts, notes = adopt(shapes, [inferred(self._connection, spec, shape) for shape in shapes]), []
        records = sum(file.records for part in parts for file in part.scan.files)
        sifted = sifting.sift(self._second(), spec, parts, self.folder)
        self._connection.execute(f"SET threads = {self._spec.threads}")
        if sifted.misfits:
            first = next(sifted.misfits[0].told())
            notes.append(f"{spec.name}: {len(sifted.misfits):,} of {records:,} records do not fit; the first: {first}")
        for note in notes:
            self._tell(Event("note", note, spec.name))
        schema = _schema(spec.name, [column for column, _ in parts[0].columns])
        return _Table(spec, sifted.parts, schema, sifted.misfits)

    def _refused(self) -> dict[str, list[Misfit]]:
        """What does not fit, by quarantine."""
        found: dict[str, list[Misfit]] = {}
        for table in self._tables:
            if table.spec.quarantine:
                found.setdefault(table.spec.quarantine.table, []).extend(table.misfits)
        return found

    def _read(self, table: _Table, part: Part) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._connection.sql(part.query()).to_arrow_reader(self._batch_rows(part))
        except (duckdb.Error, pa.ArrowException, OSError, RuntimeError) as fault:
            raise refusal(self._second(), table.parts, self.folder, fault) from fault

    def _batch_rows(self, part: Part) -> int:
        records, size = sum(file.records for file in part.scan.files), sum(file.size for file in part.scan.files)
        return max(1, min(self._spec.batch_rows, _BATCH * records // max(1, size)))

    def _second(self) -> duckdb.DuckDBPyConnection:
        """A connection beside the one whose result is being read."""
        cursor = self._connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        return cursor

    def _checked(self, batch: pa.RecordBatch, table: _Table, part: Part) -> pa.RecordBatch:
        if any(batch.column(column.name).null_count for column, _ in part.columns if column.required):
            raise refusal(self._second(), table.parts, self.folder)
        columns = [_carried(batch.column(number), field.type) for number, field in enumerate(table.schema)]
        return pa.RecordBatch.from_arrays(columns, schema=table.schema)


def _schema(name: str, columns: Sequence[DeclaredColumn]) -> pa.Schema:
    return wire.table_schema(name, map(_field, columns))


def _field(column: DeclaredColumn) -> pa.Field:
    return wire.field(column.name, to_arrow(column.type), required=column.required, key=column.key)


def _carried(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    """The same values as CloudQuery's extension types have them stored."""
    if isinstance(wanted, pa.ExtensionType):
        return pa.ExtensionArray.from_storage(wanted, values.cast(wanted.storage_type))
    return values if values.type == wanted else values.cast(wanted)
