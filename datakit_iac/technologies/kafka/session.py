"""The topics of one cluster."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import confluent_kafka

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.data_version import DataVersion
from datakit_iac.technologies.duckdb.batch_reading import ReadsBatches
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.kafka import judging, settings
from datakit_iac.technologies.kafka.catalog import Catalog, Topic
from datakit_iac.technologies.kafka.client import client
from datakit_iac.technologies.kafka.making import Making, RefusedError
from datakit_iac.technologies.kafka.record import Loaded, Record, key, load_document
from datakit_iac.technologies.kafka.records import NAME, records
from datakit_iac.technologies.kafka.schemas import form_of
from datakit_iac.technologies.kafka.wanted import topic_name, wanted
from datakit_iac.technologies.ownership import Attempt, Mark
from datakit_iac.technologies.technology import StoreError, TableState, missing_driver

if TYPE_CHECKING:
    from datakit_iac.technologies.duckdb.batches import Source
    from datakit_iac.technologies.kafka.registry import Registry


class KafkaSession(ReadsBatches):
    """The topics of a Store; see `Session`.

    Args:
        connection: how it is reached.

    Raises:
        StoreError: the brokers cannot be reached, or refuse the user.
    """

    def __init__(self, connection: Connection) -> None:
        self._said = settings.options(connection)
        self._client = client(self._said)
        self._records = records(self._said)
        self._catalog = Catalog(self._client, settings.prefix(self._said))
        self._making = Making(self._client, self._catalog)
        self._is_read = False

    def close(self) -> None:
        """Close what is not kept for the next session."""
        if self.__dict__.get("_registry"):
            self.__dict__["_registry"].close()

    def version(self) -> str:
        """The driver's version; brokers do not say theirs."""
        self._client.asked("the cluster cannot be asked", lambda: self._client.admin.describe_cluster().result(10))
        return str(confluent_kafka.libversion()[0])

    def describe(self, place: Place) -> TableState | None:
        """A topic, with what the Store's records say of it."""
        topic = self._catalog.find(self._name(place))
        if topic is None:
            return None
        record, loaded = self._record(topic)
        if record is None:
            return TableState((), is_empty=not topic.messages)
        runs = tuple(each.attempt for each in loaded.values())
        return TableState(record.columns, record.description, replace(record.mark, runs=runs), not topic.messages)

    def count(self, place: Place) -> int:
        """How many messages there are, those included that mark the ends of transactions."""
        topic = self._catalog.find(self._name(place))
        return topic.messages if topic else 0

    def places(self, infix: str) -> list[Place]:
        """Topics of the Store whose names, without its prefix, contain a text in whatever case."""
        prefix = settings.prefix(self._said)
        names = (name.removeprefix(prefix) for name in self._catalog.names())
        return [Place(topic=name) for name in names if infix.lower() in name.lower() and name != NAME]

    def create(self, dataset: BoundDataSet, mark: Mark) -> None:
        """Make a topic. Its record comes first, so that an attempt that ended half way is known for ours."""
        name = self._name(dataset.place)
        record = Record("", mark, dataset.description, dataset.columns, wanted(dataset).config)
        self._register(name, dataset)
        self._records.write({key(name): _written(record)})
        try:
            topic = self._making.create(name, wanted(dataset))
        except RefusedError:
            self._records.write({key(name): None})
            raise
        self._records.write({key(name): _written(replace(record, topic_id=topic.id))} | _loads(topic, mark.runs, {}))

    def alter(self, dataset: BoundDataSet, changes: Sequence[Change], mark: Mark) -> None:
        """Bring partitions and configuration to what is declared, then write description, schema and mark."""
        topic = self._catalog.find(self._name(dataset.place))
        if topic is None:
            raise StoreError(f"there is no topic {self._name(dataset.place)} in {self._client.name}")
        record, loaded = self._record(topic)
        asked = wanted(dataset)
        if record is None or record.columns != dataset.columns:
            self._register(topic.name, dataset)
        self._making.alter(topic, asked, (record and record.config) or {})
        columns = dataset.columns or (record.columns if record else ())
        fresh = Record(topic.id, mark, dataset.description, columns, asked.config)
        documents = {} if fresh == record else {key(topic.name): _written(fresh)}
        self._records.write(documents | _loads(topic, mark.runs, loaded))

    def misfits(self, place: Place, change: Change) -> int:
        """None: messages stay as they were written; what they cannot be read as is refused before."""
        return 0

    def drop(self, place: Place) -> None:
        """Remove a topic, and what is kept of it."""
        topic = self._catalog.find(self._name(place))
        if topic is None:
            return
        _, loaded = self._record(topic)
        self._making.drop(topic.name)
        if self._registry:
            self._registry.remove(topic.name)
        gone = dict.fromkeys([key(topic.name), *(key(topic.name, each) for each in loaded)])
        self._records.write(gone)

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        """A token of the topic's ID and where each partition begins and ends."""
        topic = self._catalog.find(self._name(dataset.place))
        if topic is None:
            return None
        ends = [[number, topic.begin.get(number, 0), end] for number, end in sorted(topic.end.items())]
        return DataVersion(hashlib.blake2b(json.dumps([topic.id, ends]).encode(), digest_size=16).hexdigest(), "token")

    def _sources(self, dataset: BoundDataSet, *, limit: int | None, show_pii: bool) -> Sequence[Source]:
        """Some of the newest messages, and as many of them as are looked at."""
        try:
            from datakit_iac.technologies.kafka import looking  # late: it imports what plugins do
        except ImportError as lacking:
            raise StoreError(missing_driver("Reading messages", "cloudquery", lacking)) from lacking
        topic = self._catalog.find(self._name(dataset.place))
        if topic is None:
            raise StoreError(f"there is no topic {self._name(dataset.place)}; `dk apply` makes it")
        text = self._registry.text if self._registry else None
        counts = (None,) if limit is None else (limit, None)
        return [partial(looking.messages, self._client, topic, dataset, text, most) for most in counts]

    def refusals(self, dataset: BoundDataSet) -> Sequence[str]:
        """What of a declaration the topic that is there cannot become."""
        topic = self._catalog.find(self._name(dataset.place))
        record = self._record(topic)[0] if topic else None
        registry = self._registry if dataset.columns else None
        asked = (self._name(dataset.place), dataset.name, form_of(dataset.place), dataset.columns)
        refused = registry.refusals(*asked) if registry else []
        return [*judging.of_topic(topic, dataset), *judging.of_columns(topic, record, dataset), *refused]

    def terms(self, dataset: BoundDataSet) -> Mapping[str, Any]:
        """Partitions, copies and configuration as they are, where they are declared otherwise."""
        topic = self._catalog.find(self._name(dataset.place))
        return judging.drift(topic, self._record(topic)[0], dataset) if topic else {}

    @cached_property
    def _registry(self) -> Registry | None:
        """The schema registry that the Store names; its client is heavy, and most Stores have none."""
        if not self._said.get("schemaRegistry"):
            return None
        from datakit_iac.technologies.kafka.registry import Registry

        return Registry(self._said, self._client.timeout)

    def _register(self, topic: str, dataset: BoundDataSet) -> None:
        if self._registry and dataset.columns:
            self._registry.register(topic, dataset.name, form_of(dataset.place), dataset.columns)

    def _record(self, topic: Topic) -> tuple[Record | None, dict[str, Loaded]]:
        if not self._is_read:
            self._records.refresh()
            self._is_read = True
        return self._records.of(topic.name, topic.id, is_empty=not topic.messages)

    def _name(self, place: Place) -> str:
        try:
            return topic_name(self._said, place)
        except ValueError as fault:
            raise StoreError(str(fault)) from fault


def _written(record: Record) -> bytes:
    return json.dumps(record.document).encode()


def _loads(topic: Topic, runs: Sequence[Attempt], known: Mapping[str, Loaded]) -> dict[bytes, bytes | None]:
    """The records of attempts that are not there yet as they are said."""
    changed = [each for each in runs if each.transform not in known or known[each.transform].attempt != each]
    return {
        key(topic.name, each.transform): load_document(topic.id, Loaded(each, _rows(known.get(each.transform), each)))
        for each in changed
    }


def _rows(known: Loaded | None, attempt: Attempt) -> int:
    return known.rows if known and known.attempt.run == attempt.run else 0
