"""Files on this machine, read as the source of files reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.types import from_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.files.cloudquery.finding import DataFile, opened
from datakit_iac.technologies.files.cloudquery.source import FilesSource
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec, TableSpec


class _Given(FilesSource):
    """The rows of files that are at hand."""

    def __init__(self, table: TableSpec, files: Sequence[Path], absent: AbstractSet[str] = frozenset()) -> None:
        self._given, self._absent = files, absent
        super().__init__(FilesSpec((table,)))

    def files(self, spec: TableSpec) -> list[DataFile]:
        folder = self.folder / "unpacked"
        folder.mkdir()
        self.absent[spec.name] = self._absent
        return opened(spec, [(each, each.name) for each in self._given], folder)


def columns_in(table: TableSpec, file: Path) -> dict[str, DataType]:
    """The columns that a file has, each with what its type seems to be; in CSV all are texts.

    Raises:
        PluginFault: it cannot be read.
    """
    source = _Given(replace(table, columns=()), [file])
    try:
        found = wire.decode_schema(source.tables()[0])
        return {each.name: DataType("string") if table.format == "csv" else from_arrow(each.type) for each in found}
    finally:
        source.close()


def rows(table: TableSpec, files: Sequence[Path], absent: AbstractSet[str]) -> Iterator[pa.RecordBatch]:
    """The rows of files, which may lack the columns `absent`.

    Raises:
        PluginFault: they cannot be read as the contract says.
    """
    source = _Given(table, files, absent)
    try:
        for encoded in source.batches():
            yield from wire.decode_batches(encoded)
    finally:
        source.close()
