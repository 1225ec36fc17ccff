"""One sync into topics, as one transaction."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
from confluent_kafka import KafkaException, Producer

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.events import Event, emit
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.kafka.catalog import Catalog, Topic
from datakit_iac.technologies.kafka.client import client
from datakit_iac.technologies.kafka.cloudquery.encoding import Encoder
from datakit_iac.technologies.kafka.cloudquery.spec import KafkaSpec, TopicSpec
from datakit_iac.technologies.kafka.offsets import Bound, Offsets, bounds
from datakit_iac.technologies.kafka.record import Loaded, key, load_document
from datakit_iac.technologies.kafka.records import records
from datakit_iac.technologies.ownership import Attempt
from datakit_iac.technologies.technology import StoreError

_LONGEST: Final = 900_000
"""Milliseconds that a transaction may take: the most that brokers allow by default."""
_PATIENCE: Final = 60.0
"""Seconds for what is written to arrive, and for a transaction to begin or end."""
_REPORT: Final = 50_000


@dataclass
class _Target:
    """A topic that rows go to.

    Attributes:
        spec: the table.
        topic: as it is there.
        encoder: what writes its messages.
        done: what an earlier attempt of this Run wrote; None where there was none.
        is_recorded: whether the topic is ours, so that what is written is recorded.
        rows: how many came.
    """

    spec: TopicSpec
    topic: Topic
    encoder: Encoder
    done: Loaded | None
    is_recorded: bool
    rows: int = 0
    notes: list[str] = field(default_factory=list)


class Load:
    """A transaction that begins with the first row and ends with `commit` or `abandon`.

    An attempt that was killed is ended by the next one, which has the same transactional ID; only then it is looked up
    whether it had been committed.

    Raises:
        PluginFault: a topic is not there, or the brokers refuse.
    """

    def __init__(self, spec: KafkaSpec) -> None:
        self._spec = spec
        self._faults: list[str] = []
        self._written: Offsets = {}
        self._is_begun = False
        try:
            self._client = client(spec.connection)
            self._records = records(spec.connection)
            self._producer = self._made()
            self._records.refresh(is_needed=True)
            catalog = Catalog(self._client, settings.prefix(spec.connection))
            self._targets = {each.name: self._target(each, catalog) for each in spec.tables}
        except StoreError as fault:
            raise PluginFault(str(fault)) from fault

    def migrate(self, schema: bytes, *, force: bool) -> None:
        """Hold the columns that come against the contract."""
        found = wire.decode_schema(schema)
        target = self._of(wire.table_name(found))
        if left_out := target.encoder.left_out(found):
            names = ", ".join(left_out)
            target.notes.append(f"{target.spec.dataset}: columns that the contract does not declare, left out: {names}")

    def insert(self, record: bytes) -> None:
        """Send a batch."""
        for batch in wire.decode_batches(record):
            target = self._of(wire.table_name(batch.schema))
            before, target.rows = target.rows, target.rows + batch.num_rows
            if target.done is None:
                self._send(target, batch)
            if before // _REPORT != target.rows // _REPORT:
                emit(Event("progress", f"{target.spec.name} {target.rows:,} rows", target.spec.name, target.rows))

    def delete_stale(self, table: str, source: str, sync_time: datetime) -> None:
        """A topic cannot do that.

        Raises:
            PluginFault: always.
        """
        raise PluginFault(f"{table}: no row of a topic can be removed; write by append")

    def idle(self) -> None:
        """Take note of what has arrived."""
        self._producer.poll(0)

    def finish(self) -> None:
        """Wait until all has arrived, with the records of what this Run wrote.

        Raises:
            PluginFault: something did not arrive.
        """
        for target in self._targets.values():
            if target.done is None and target.is_recorded and self._spec.run:
                attempt = Attempt(self._spec.source, self._spec.run, time.time_ns() // 1000, is_verified=False)
                document = load_document(target.topic.id, Loaded(attempt, target.rows))
                self._produce(self._records.topic, document, key(target.topic.name, self._spec.source))
        left = self._producer.flush(_PATIENCE)
        self._refuse()
        if left:
            raise PluginFault(f"{left:,} messages have not arrived within {_PATIENCE:g} s; nothing was written")

    def commit(self) -> None:
        """Make it last, and tell what came."""
        if self._is_begun:
            self._guarded("the messages cannot be committed", lambda: self._producer.commit_transaction(_PATIENCE))
            self._is_begun = False
            self._appear()
        for target in self._targets.values():
            name, rows = target.spec.name, target.rows
            if target.done is not None:
                rows = target.done.rows
                target.notes.append(f"{target.spec.dataset}: {rows:,} rows are there from an earlier try of this Run")
            for note in target.notes:
                emit(Event("note", note))
            emit(Event("result", f"{name} {rows:,} rows", name, rows))

    def abandon(self) -> None:
        """Leave the topics as they were to all who read committed messages."""
        if self._is_begun:
            with contextlib.suppress(KafkaException):
                self._producer.purge()
                self._producer.abort_transaction(5)

    def _appear(self) -> None:
        """Wait until readers see what was committed: brokers mark it in each partition only after they answered."""
        partitions: dict[str, list[int]] = {}
        for topic, number in self._written:
            partitions.setdefault(topic, []).append(number)

        def all_there() -> bool:
            with contextlib.suppress(StoreError):
                (ends,) = bounds(self._client, partitions, (Bound.END,))
                return all(ends.get(place, end) >= end for place, end in self._written.items())
            return False

        try:
            self._client.until("the end of the transaction", all_there, _PATIENCE)
        except StoreError:
            emit(Event("note", "what was written is not seen yet: other transactions on these topics are open"))

    def _made(self) -> Producer:
        topics = ",".join(sorted(each.topic for each in self._spec.tables))
        digest = hashlib.blake2b(topics.encode(), digest_size=4).hexdigest()
        prefix = settings.prefix(self._spec.connection)
        producer = Producer(
            {
                **settings.driver(self._spec.connection),
                "error_cb": self._client.hear,
                "transactional.id": f"{prefix}datakit-{self._spec.source}-{digest}",
                "transaction.timeout.ms": _LONGEST,
                "message.timeout.ms": int(_PATIENCE * 1000),
                "linger.ms": 20,
                "compression.type": "lz4",
                "on_delivery": self._hear,
            }
        )
        self._guarded("no transaction can be begun", lambda: producer.init_transactions(_PATIENCE))
        return producer

    def _target(self, spec: TopicSpec, catalog: Catalog) -> _Target:
        topic = catalog.find(spec.topic)
        if topic is None:
            raise PluginFault(f"there is no topic {spec.topic} in {self._client.name}; run the update again to make it")
        record, loaded = self._records.of(spec.topic, topic.id, is_empty=not topic.messages)
        last = loaded.get(self._spec.source)
        done = last if last and self._spec.run and last.attempt.run == self._spec.run else None
        schema_id = None
        if self._spec.connection.get("schemaRegistry"):
            from datakit_iac.technologies.kafka.registry import Registry

            with closing(Registry(self._spec.connection, self._client.timeout)) as registry:
                schema_id = registry.register(spec.topic, spec.dataset, spec.form, spec.columns)
        return _Target(spec, topic, Encoder(spec, schema_id), done, record is not None)

    def _of(self, table: str) -> _Target:
        if table not in self._targets:
            raise PluginFault(f"rows came for {table!r}, which is not a table of the spec")
        return self._targets[table]

    def _send(self, target: _Target, batch: pa.RecordBatch) -> None:
        for message_key, value in target.encoder.messages(batch):
            self._produce(target.topic.name, value, message_key)
        self._producer.poll(0)
        self._refuse()

    def _produce(self, topic: str, value: bytes, message_key: bytes | None) -> None:
        if not self._is_begun:
            self._guarded("no transaction can be begun", self._producer.begin_transaction)
            self._is_begun = True
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._producer.produce(topic, value, message_key)
                return
            except BufferError:  # more waits than may wait
                self._producer.poll(0.1)
                self._refuse()
                if time.monotonic() > deadline:
                    raise PluginFault(
                        f"no message arrives at {self._client.name} any more; nothing was written"
                    ) from None
            except KafkaException as fault:
                raise PluginFault(f"topic {topic}: {self._client.why(fault)}; nothing was written") from fault

    def _hear(self, error: Any, message: Any) -> None:
        if error is not None:
            self._faults.append(f"topic {message.topic()}: {self._client.why(KafkaException(error))}")
            return
        place = (message.topic(), message.partition())
        self._written[place] = max(self._written.get(place, 0), message.offset() + 1)

    def _refuse(self) -> None:
        if self._faults:
            raise PluginFault(f"{self._client.name}: {self._faults[0]}; nothing was written")

    def _guarded(self, what: str, do: Callable[[], object]) -> None:
        try:
            do()
        except KafkaException as fault:
            raise PluginFault(f"{self._client.name}: {what}: {self._client.why(fault)}") from fault
