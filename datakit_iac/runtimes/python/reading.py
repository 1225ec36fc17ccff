"""The rows of an input as an Arrow stream, in types that every library knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from uuid import UUID

import pyarrow as pa
from cloudquery.sdk.types import JSONType, UUIDType

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import Source

_OWN = "_cq_"
"""How the names of the columns begin that loaders keep their books by."""


def stream(source: Source, progress: Callable[[int], None] = lambda _: None) -> pa.RecordBatchReader:
    """All rows of a source's table; JSON and UUIDs come as text.

    Args:
        source: an opened source of one table.
        progress: called with the number of rows so far.
    """

    def batches() -> Iterator[pa.RecordBatch]:
        rows = 0
        for record in source.batches():
            for batch in wire.decode_batches(record):
                rows += batch.num_rows
                yield batch
                progress(rows)

    return plain(wire.decode_schema(source.tables()[0]), batches())


def plain(sent: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    """A stream without the types and columns that are CloudQuery's own.

    Args:
        sent: the schema of the batches.
        batches: as they come.
    """
    names = [name for name in sent.names if not name.startswith(_OWN)]
    schema = pa.schema([pa.field(name, _given(sent.field(name).type), sent.field(name).nullable) for name in names])
    columns = ([_plain(batch.column(name)) for name in names] for batch in batches)
    return pa.RecordBatchReader.from_batches(
        schema, (pa.RecordBatch.from_arrays(each, schema=schema) for each in columns)
    )


def _given(kind: pa.DataType) -> pa.DataType:
    if isinstance(kind, JSONType | UUIDType):
        return pa.string()
    return pa.list_(_given(kind.value_type)) if pa.types.is_list(kind) else kind


def _plain(column: Any) -> Any:
    kind = column.type
    if isinstance(kind, JSONType):
        return column.storage.cast(pa.string())
    if isinstance(kind, UUIDType):
        return pa.array([each and str(UUID(bytes=each)) for each in column.storage.to_pylist()], pa.string())
    return column.cast(_given(kind)) if pa.types.is_list(kind) and _given(kind) != kind else column
