"""Files as rows to look at: of large ones only the first records, where these suffice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.adapters import Pair, Sync
from datakit_iac.cloudquery_plugins.events import Event
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.types import DataType
from datakit_iac.manifest.values.write_mode import APPEND
from datakit_iac.technologies.duckdb.batches import Batches
from datakit_iac.technologies.files.cloudquery.adapter import FilesAdapter
from datakit_iac.technologies.files.cloudquery.finding import DataFile
from datakit_iac.technologies.files.cloudquery.source import FilesSource
from datakit_iac.technologies.files.cloudquery.spec import FilesSpec, TableSpec
from datakit_iac.technologies.looking import masked

_HEAD: Final = 4 << 20
"""Bytes that are read of a longer file of JSON lines."""


class _First(FilesSource):
    """The first file of each table."""

    def files(self, spec: TableSpec) -> list[DataFile]:
        return cut(super().files(spec)[:1], self.folder)


def cut(files: list[DataFile], folder: Path) -> list[DataFile]:
    """The same files; of one of JSON lines only the first, since all of them would be looked at for their columns."""
    return [_cut(each, folder) for each in files]


def _cut(file: DataFile, folder: Path) -> DataFile:
    if file.format != "json" or file.path.stat().st_size <= _HEAD:
        return file
    with file.path.open("rb") as whole:
        first = whole.readline(_HEAD)
        if not _is_object(first):
            return file  # an array, or objects over several lines
        head = first + whole.read(_HEAD)
    target = folder / "head.json"
    target.write_bytes(head[: head.rindex(b"\n") + 1])
    return replace(file, path=target)


def _is_object(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except ValueError:
        return False


@contextmanager
def rows(dataset: BoundDataSet, *, show_pii: bool, is_head: bool) -> Iterator[Batches]:
    """The rows of a DataSet in files.

    Raises:
        PluginFault: they cannot be read as the contract says.
    """
    spec = FilesSpec.parse(FilesAdapter().spec(as_seen(dataset, show_pii=show_pii)))
    with read(lambda tell: (_First if is_head else FilesSource)(spec, tell)) as found:
        yield found


@contextmanager
def read(source: Callable[[Callable[[Event], None]], FilesSource]) -> Iterator[Batches]:
    """What a source reads of its only table, with the notes that it makes.

    Args:
        source: makes it, with what takes its events.
    """
    told: list[Event] = []
    opened = source(told.append)
    try:
        batches = (each for data in opened.batches() for each in wire.decode_batches(data))
        notes = [each.message for each in told if each.kind == "note"]
        yield Batches(wire.decode_schema(opened.tables()[0]), batches, notes)
    finally:
        opened.close()


def as_seen(dataset: BoundDataSet, *, show_pii: bool) -> Sync:
    """What reads a DataSet for people: rows that lack a value are seen too, and what is masked is taken for text.

    So no error shows a value that is masked because it does not fit its type.
    """
    hidden, text = masked(dataset, show_pii=show_pii), DataType("string")
    columns = (
        each.model_copy(
            update={"nullable": True, "primary_key": False, "type": text if each.name.lower() in hidden else each.type}
        )
        for each in dataset.columns
    )
    return Sync((Pair(dataset, replace(dataset, columns=tuple(columns))),), APPEND)


@contextmanager
def nothing(dataset: BoundDataSet) -> Iterator[Batches]:
    """A DataSet that has no rows yet."""
    yield Batches(pa.schema([(each.name, to_arrow(each.type)) for each in dataset.columns]), ())
