"""A Store of its own for each test, on the test run's Kafka, and what reads and writes topics as others would."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any

import pyarrow as pa
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.kafka.cloudquery.load import Load
from datakit_iac.technologies.kafka.cloudquery.source import KafkaSource
from datakit_iac.technologies.kafka.cloudquery.spec import KafkaSpec
from datakit_iac.technologies.kafka.factory import Kafka as Technology
from datakit_iac.technologies.kafka.session import KafkaSession
from datakit_iac.technologies.ownership import Mark
from tests.servers.kafka import Kafka
from tests.servers.registry import Registry
from tests.servers.sharing import shared

MARK = Mark(stack="shop/dev", dataset="users", generation="1f")
Rows = Iterable[Sequence[Any]]


def columns(*said: str) -> tuple[Column, ...]:
    """Columns of `name type`, the first the primary key where its name begins with a star."""
    pairs = (each.split(maxsplit=1) for each in said)
    return tuple(Column(name=n.lstrip("*"), type=t, primary_key=n.startswith("*")) for n, t in pairs)


class Topics:
    """A Store of Kafka, and ways around it."""

    def __init__(self, **options: Any) -> None:
        self.brokers, self.prefix = shared(Kafka)["brokers"], f"t{uuid.uuid4().hex[:8]}."
        self.connection = Connection("kafka", {"brokers": [self.brokers], "prefix": self.prefix, **options})

    def open(self) -> AbstractContextManager[KafkaSession]:
        return Technology().open(self.connection)

    def dataset(self, topic: str = "users", *, form: Any = None, **more: Any) -> BoundDataSet:
        place = Place(topic=topic, format=form)
        given = {"columns": columns("*id bigint", "name text"), **more}
        return BoundDataSet("users", "bus", self.connection, place, **given)

    def made(self, topic: str = "users", **more: Any) -> BoundDataSet:
        dataset = self.dataset(topic, **more)
        with self.open() as session:
            session.create(dataset, MARK)
        return dataset

    def spec(self, dataset: BoundDataSet, **more: Any) -> KafkaSpec:
        table = {
            "name": str(dataset.place),
            "topic": f"{self.prefix}{dataset.place}",
            "format": dataset.place.format or "json",
            "columns": [
                {"name": each.name, "type": str(each.type), "required": each.required, "key": each.primary_key}
                for each in dataset.columns
            ],
        }
        said = {"connection": dict(self.connection.options), "source": "load", "run": "1f"}
        table |= {"quarantine": more.pop("quarantine")} if "quarantine" in more else {}
        return KafkaSpec.parse({**said, "tables": [table], **more})

    def load(self, dataset: BoundDataSet, rows: Rows, **more: Any) -> Load:
        """A sync up to its commit, which is not done."""
        fields = [wire.field(c.name, to_arrow(c.type), required=c.required, key=c.primary_key) for c in dataset.columns]
        schema = wire.table_schema(str(dataset.place), fields)
        load = Load(self.spec(dataset, **more))
        try:
            load.migrate(wire.encode_schema(schema), force=False)
            for batch in batches(schema, list(rows)):
                load.insert(wire.encode_batch(batch))
            load.finish()
        except BaseException:
            load.abandon()
            raise
        return load

    def loaded(self, dataset: BoundDataSet, rows: Rows, **more: Any) -> None:
        self.load(dataset, rows, **more).commit()

    def read(self, dataset: BoundDataSet, **more: Any) -> list[tuple[Any, ...]]:
        """What the source gives of a topic, as DuckDB would see it."""
        spec = self.spec(dataset, **more)
        with closing(KafkaSource(spec)) as source:
            found = [wire.decode_batches(each) for each in source.batches()]
        return [row for some in found for batch in some for row in plain(batch)]

    def values(self, topic: str = "users") -> list[Any]:
        """The committed messages of a topic, as any client sees them."""
        settings = {"bootstrap.servers": self.brokers, "group.id": uuid.uuid4().hex, "enable.partition.eof": True}
        consumer = Consumer({**settings, "auto.offset.reset": "earliest", "isolation.level": "read_committed"})
        name = f"{self.prefix}{topic}"
        waiting = {*consumer.list_topics(name, timeout=10).topics[name].partitions}
        consumer.assign([TopicPartition(name, each, 0) for each in waiting])
        found = []
        while waiting:
            message = consumer.poll(10)
            assert message is not None
            if message.error():
                waiting.discard(message.partition())
            else:
                found.append(message.value())
        consumer.close()
        return found

    def send(self, topic: str, *values: Any, keys: Sequence[str | None] = ()) -> None:
        """Messages as somebody else writes them: text as it is, all else as JSON."""
        producer, faults = Producer({"bootstrap.servers": self.brokers}), []
        for number, value in enumerate(values):
            raw = value if isinstance(value, bytes | str | None) else json.dumps(value)
            key = keys[number] if keys else None
            producer.produce(f"{self.prefix}{topic}", raw, key, on_delivery=lambda error, _: faults.append(error))
        assert producer.flush(10) == 0
        assert {*faults} <= {None}


def batches(schema: pa.Schema, rows: list[Sequence[Any]]) -> list[pa.RecordBatch]:
    arrays = []
    for number, field in enumerate(schema):
        values = [row[number] for row in rows]
        if isinstance(field.type, pa.ExtensionType):
            arrays.append(pa.ExtensionArray.from_storage(field.type, pa.array(values, field.type.storage_type)))
        else:
            arrays.append(pa.array(values, field.type))
    return [pa.RecordBatch.from_arrays(arrays, schema=schema)]


def plain(batch: pa.RecordBatch) -> list[tuple[Any, ...]]:
    arrays = [each.storage if isinstance(each, pa.ExtensionArray) else each for each in batch.columns]
    return list(zip(*(each.to_pylist() for each in arrays), strict=True))


@pytest.fixture
def topics() -> Topics:
    return Topics()


@pytest.fixture
def registered() -> Topics:
    """A Store with a schema registry."""
    return Topics(schemaRegistry=shared(Registry)["url"])
