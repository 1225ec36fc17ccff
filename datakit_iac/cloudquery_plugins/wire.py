"""Tables and batches as CloudQuery's protocol spells them: Arrow IPC streams with metadata."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pyarrow as pa

# Spelled out: cloudquery.sdk.schema, where the SDK keeps them, imports pandas, and with it 1.1 s.
TABLE_NAME: Final = b"cq:table_name"
PRIMARY_KEY: Final = b"cq:extension:primary_key"
SYNC_TIME: Final = "_cq_sync_time"
SOURCE_NAME: Final = "_cq_source_name"
_YES: Final = b"true"


def table_schema(name: str, fields: Iterable[pa.Field]) -> pa.Schema:
    """The schema of a table of this name."""
    metadata = {
        TABLE_NAME: name.encode(),
        b"cq:table_title": b"",
        b"cq:table_description": b"",
        b"cq:table_depends_on": b"",
        b"cq:extension:incremental": b"false",
    }
    return pa.schema(list(fields), metadata=metadata)


def field(name: str, arrow: pa.DataType, *, required: bool = False, key: bool = False) -> pa.Field:
    """One column of a table's schema."""
    return pa.field(name, arrow, nullable=not required, metadata={PRIMARY_KEY: _YES} if key else None)


def table_name(schema: pa.Schema) -> str:
    """The name of the table a schema belongs to; empty where it names none."""
    return bytes((schema.metadata or {}).get(TABLE_NAME, b"")).decode()


def primary_key(schema: pa.Schema) -> tuple[str, ...]:
    """The columns of the primary key."""
    return tuple(column.name for column in schema if (column.metadata or {}).get(PRIMARY_KEY) == _YES)


def encode_schema(schema: pa.Schema) -> bytes:
    """A schema as an IPC stream without batches."""
    return bytes(schema.serialize())


def decode_schema(data: bytes) -> pa.Schema:
    """The schema of an IPC stream."""
    with pa.ipc.open_stream(data) as reader:
        return reader.schema


def encode_batch(batch: pa.RecordBatch) -> bytes:
    """A batch as an IPC stream of its own."""
    return encode_batches(batch.schema, [batch])


def encode_batches(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> bytes:
    """Batches of one table as one IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue())


def decode_batches(data: bytes) -> list[pa.RecordBatch]:
    """The batches of an IPC stream; their columns are in `data` itself, nothing is copied."""
    with pa.ipc.open_stream(pa.py_buffer(data)) as reader:
        return list(reader)
