"""Arrow batches as messages: JSON or Avro, their keys from the primary key."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

import fastavro
import pyarrow as pa
import pyarrow.compute as pc

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.kafka.cloudquery.spec import TopicSpec
from datakit_iac.technologies.kafka.schemas import avro_schema

_OURS: Final = (wire.SYNC_TIME, wire.SOURCE_NAME, "_cq_id", "_cq_parent_id")

Message = tuple[bytes | None, bytes]
"""A key, and a value."""


class Encoder:
    """Writes the rows of one table.

    Args:
        spec: the table.
        schema_id: what values begin with, that of the schema in the registry; None where there is none.
    """

    def __init__(self, spec: TopicSpec, schema_id: int | None) -> None:
        self._spec = spec
        self._head = b"" if schema_id is None else struct.pack(">bI", 0, schema_id)
        self._value: Callable[[dict[str, Any]], bytes] = _json
        if spec.form == "avro":
            parsed = fastavro.parse_schema(avro_schema(spec.dataset, spec.columns))
            self._value = lambda row: _avro(parsed, row)

    def left_out(self, schema: pa.Schema) -> list[str]:
        """The columns that the source sends and the contract does not declare.

        Raises:
            PluginFault: the source does not send a column that must have a value.
        """
        sent = {name.lower() for name in schema.names}
        lacking = [column.name for column in self._spec.columns if column.required and column.name.lower() not in sent]
        if lacking:
            raise PluginFault(
                f"{self._spec.dataset}: the source sends no {', '.join(lacking)}, which must have a value"
            )
        declared = {column.name.lower() for column in self._spec.columns}
        return [name for name in schema.names if name.lower() not in declared and name not in _OURS]

    def messages(self, batch: pa.RecordBatch) -> Iterator[Message]:
        """The rows of a batch.

        Raises:
            PluginFault: a value does not fit its column.
        """
        names = [column.name for column in self._spec.columns]
        values = [self._values(batch, column) for column in self._spec.columns]
        keys = [column.name for column in self._spec.key]
        for row in zip(*values, strict=True):
            document = dict(zip(names, row, strict=True))
            try:
                key = _json({name: document[name] for name in keys}) if keys else None
                yield key, self._head + self._value(document)
            except ValueError as fault:
                raise PluginFault(f"{self._spec.dataset}: a row cannot be written: {fault}") from fault

    def _values(self, batch: pa.RecordBatch, column: Column) -> list[Any]:
        found = next((name for name in batch.schema.names if name.lower() == column.name.lower()), None)
        if found is None:
            return [None] * batch.num_rows
        values = batch.column(found)
        if column.required and values.null_count:
            raise PluginFault(f"{self._spec.dataset}.{column.name}: {values.null_count} rows have no value")
        values = values.storage if isinstance(values, pa.ExtensionArray) else values
        wanted = to_arrow(column.type)
        wanted = wanted.storage_type if isinstance(wanted, pa.ExtensionType) else wanted
        try:
            values = values if values.type == wanted else values.cast(wanted)
        except pa.ArrowException as fault:
            raise PluginFault(f"{self._spec.dataset}.{column.name}: {fault}") from fault
        return _plain(values, column.type, is_avro=self._spec.form == "avro")


def _plain(values: pa.Array, data_type: DataType, *, is_avro: bool) -> list[Any]:
    """Values as the writer of a form takes them; not by Arrow's own conversion of times, which imports pandas."""
    if data_type.element is not None:
        elements = _plain(values.flatten(), data_type.element, is_avro=is_avro)
        lengths = pc.list_value_length(values).to_pylist()
        rows, at = [], 0
        for length in lengths:
            rows.append(None if length is None else elements[at : at + length])
            at += length or 0
        return rows
    match data_type.name:
        case "timestamp" | "timestamptz":
            numbers = values.cast(pa.int64())
            if is_avro:
                return list(numbers.to_pylist())
            zone = "Z" if data_type.name == "timestamptz" else ""
            texts = pc.strftime(numbers.cast(pa.timestamp("us")), "%Y-%m-%dT%H:%M:%S").to_pylist()
            return [None if text is None else text + zone for text in texts]
        case "date":
            return list(values.cast(pa.int32()).to_pylist() if is_avro else values.cast(pa.string()).to_pylist())
        case "time":
            return list(values.cast(pa.int64()).to_pylist() if is_avro else values.cast(pa.string()).to_pylist())
        case "uuid":
            texts = (None if each is None else each.hex() for each in values.to_pylist())
            return [each and "-".join((each[:8], each[8:12], each[12:16], each[16:20], each[20:])) for each in texts]
        case "decimal":
            return (
                list(values.to_pylist()) if is_avro else [None if v is None else f"{v:f}" for v in values.to_pylist()]
            )
        case "binary":
            found = values.to_pylist()
            return (
                list(found)
                if is_avro
                else [None if each is None else base64.b64encode(each).decode() for each in found]
            )
        case "json":
            texts = [each.decode() if isinstance(each, bytes) else each for each in values.to_pylist()]
            return texts if is_avro else [None if each is None else json.loads(each) for each in texts]
    return list(values.to_pylist())


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _avro(parsed: Any, row: dict[str, Any]) -> bytes:
    written = io.BytesIO()
    try:
        fastavro.schemaless_writer(written, parsed, row)
    except (TypeError, OverflowError) as fault:
        raise ValueError(str(fault)) from fault
    return written.getvalue()
