"""Reading topics and giving them out as Arrow batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
from cloudquery.sdk.types import JSONType

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.quarantine import COLUMNS
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.kafka.catalog import Catalog, Topic
from datakit_iac.technologies.kafka.client import client
from datakit_iac.technologies.kafka.cloudquery.decoding import Decoder, MisfitError
from datakit_iac.technologies.kafka.cloudquery.log import Log
from datakit_iac.technologies.kafka.cloudquery.spec import KafkaSpec, TopicSpec
from datakit_iac.technologies.technology import StoreError

if TYPE_CHECKING:
    from datakit_iac.technologies.kafka.registry import Registry

_BATCH: Final = 20_000
_TOLD: Final = 5
"""How many messages are listed that do not fit."""


@dataclass
class _Table:
    """A table that is ready to be read.

    Attributes:
        spec: the table.
        topic: as it was when the source was opened.
        log: its messages.
        decoder: what makes rows of them.
        schema: of the rows.
        misfits: the messages that do not fit, as rows of the quarantine.
        read: how many messages were read.
    """

    spec: TopicSpec
    topic: Topic
    log: Log
    decoder: Decoder
    schema: pa.Schema
    misfits: list[tuple[Any, ...]] = field(default_factory=list)
    read: int = 0

    @property
    def is_compacted(self) -> bool:
        """Whether only the last message of each key counts."""
        return "compact" in self.topic.effective.get("cleanup.policy", "")


class KafkaSource:
    """The tables of a spec; where each topic ends is settled when it is opened.

    Raises:
        PluginFault: a topic is not there, or the brokers refuse.
    """

    def __init__(self, spec: KafkaSpec) -> None:
        self._spec = spec
        self._registry = _registry(spec)
        try:
            self._client = client(spec.connection)
            catalog = Catalog(self._client, settings.prefix(spec.connection))
            self._tables = [self._table(each, catalog) for each in spec.tables]
        except StoreError as fault:
            raise PluginFault(str(fault)) from fault

    def tables(self) -> list[bytes]:
        """The schemas of the tables, and of their quarantine."""
        schemas = [table.schema for table in self._tables]
        schemas += [_quarantine(name) for name in dict.fromkeys(self._quarantines())]
        return [wire.encode_schema(each) for each in schemas]

    def batches(self) -> Iterator[bytes]:
        """All rows, table after table; then the messages that do not fit.

        Raises:
            PluginFault: messages do not fit, and there is no quarantine for them, or they are too many for it.
        """
        for table in self._tables:
            for some in self._read(table):
                yield wire.encode_batch(some)
            self._hold(table)
            if table.decoder.left_out:
                names = ", ".join(sorted(table.decoder.left_out))
                emit(Event("note", f"{table.spec.name}: fields of {table.topic.name} left out: {names}"))
        for name in dict.fromkeys(self._quarantines()):
            rows = [row for table in self._tables for row in table.misfits]
            for start in range(0, len(rows), _BATCH):
                yield wire.encode_batch(batch(rows[start : start + _BATCH], _quarantine(name)))

    def close(self) -> None:
        """Close the connections to the registry."""
        if self._registry:
            self._registry.close()

    def _table(self, spec: TopicSpec, catalog: Catalog) -> _Table:
        topic = catalog.find(spec.topic)
        if topic is None:
            raise PluginFault(f"there is no topic {spec.topic} in {self._client.name}")
        if not spec.columns:
            raise PluginFault(f"{spec.name}: no columns are declared; expected those that messages become")
        fields = (
            wire.field(column.name, to_arrow(column.type), required=column.required, key=column.primary_key)
            for column in spec.columns
        )
        decoder = Decoder(spec.form, spec.columns, self._registry.text if self._registry else None)
        return _Table(spec, topic, Log(self._client, topic), decoder, wire.table_schema(spec.name, fields))

    def _read(self, table: _Table) -> Iterator[pa.RecordBatch]:
        last = _last(table.log) if table.is_compacted else None
        rows: list[list[Any]] = []
        for messages in table.log.messages():
            for message in messages:
                if last is not None and last.get(message.key()) != (message.partition(), message.offset()):
                    continue
                if message.value() is None and last is not None:  # its key is deleted
                    continue
                table.read += 1
                try:
                    rows.append(table.decoder.row(message.value() or b""))
                except MisfitError as misfit:
                    self._refuse(table, message, misfit)
            if len(rows) >= _BATCH:
                yield batch(rows, table.schema)
                rows = []
        if rows:
            yield batch(rows, table.schema)

    def _refuse(self, table: _Table, message: Any, misfit: MisfitError) -> None:
        place = f"{table.topic.name}/{message.partition()}"
        raw = (message.value() or b"").decode("utf-8", "backslashreplace")
        table.misfits.append((place, message.offset(), misfit.column, str(misfit), raw))
        if table.spec.quarantine is None and len(table.misfits) >= _TOLD:
            self._hold(table)

    def _hold(self, table: _Table) -> None:
        """Refuse the messages that do not fit, unless the quarantine may take so many.

        Raises:
            PluginFault: it may not.
        """
        count, quarantine = len(table.misfits), table.spec.quarantine
        if not count:
            return
        allowed = quarantine.allowed(table.read) if quarantine else 0
        told = [f"{place}, offset {offset}: {reason}" for place, offset, _, reason, _ in table.misfits[:_TOLD]]
        if allowed is None or count <= allowed:
            emit(
                Event(
                    "note", f"{table.spec.name}: {count:,} of {table.read:,} messages do not fit; the first: {told[0]}"
                )
            )
            return
        if quarantine is None:
            fix = "fix the type that the contract declares, or name a quarantine (`onError`)"
            raise PluginFault("\n".join([*told, f"messages of {table.topic.name} do not fit; {fix}"]))
        limit = f"{count:,} of {table.read:,} messages do not fit, and at most {quarantine.max} may"
        raise PluginFault("\n".join([*told, f"{limit} go to {quarantine.table}: nothing is loaded"]))

    def _quarantines(self) -> list[str]:
        return [table.spec.quarantine.table for table in self._tables if table.spec.quarantine]


def _registry(spec: KafkaSpec) -> Registry | None:
    if not spec.connection.get("schemaRegistry"):
        return None
    from datakit_iac.technologies.kafka.registry import Registry

    return Registry(spec.connection, settings.timeout(spec.connection))


def _last(log: Log) -> dict[bytes | None, tuple[int, int]]:
    """Where the last message of each key is; by its time where it is in several partitions, since more were added."""
    found: dict[bytes | None, tuple[int, int]] = {}
    times: dict[bytes | None, int] = {}
    for messages in log.messages():
        for message in messages:
            key, place, at = message.key(), (message.partition(), message.offset()), message.timestamp()[1]
            if key in found and found[key][0] != place[0] and at < times[key]:
                continue
            found[key], times[key] = place, at
    return found


def _quarantine(table: str) -> pa.Schema:
    return wire.table_schema(table, (wire.field(name, to_arrow(DataType(kind))) for name, kind in COLUMNS.items()))


def batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows of values, as a decoder gives them, as one batch; there is at least one."""
    columns = [
        _array(list(values), column.type) for values, column in zip(zip(*rows, strict=True), schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.ExtensionType):
        storage = kind.storage_type
        said = [None if each is None else each.encode() for each in values] if isinstance(kind, JSONType) else values
        return pa.ExtensionArray.from_storage(kind, pa.array(said, storage))
    return pa.array(values, kind)
