"""What a topic itself cannot carry: its mark, description and schema, in a compacted topic beside it.

The configuration of a topic takes known keys only, and a registry's subject is there for some. The topic
`<prefix>__datakit` has a record for each topic, and one for each Transform that wrote into it, so that a load can write
its own in the transaction of its messages. A record names the ID of its topic: one that others made in its place has
none.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.cimpl import NewTopic

from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.kafka.client import Client, client, reason
from datakit_iac.technologies.kafka.offsets import Bound, bounds
from datakit_iac.technologies.kafka.record import Key, Loaded, Record, loaded, read_key
from datakit_iac.technologies.technology import StoreError

NAME: Final = "__datakit"
_BATCH: Final = 10_000


class Records:
    """The records of a Store, read up to the end whenever they are asked for.

    Args:
        kept: the client of the cluster.
        prefix: of the Store's topics.
    """

    def __init__(self, kept: Client, prefix: str) -> None:
        self._client, self.topic = kept, f"{prefix}{NAME}"
        self._lock = threading.RLock()
        self._documents: dict[Key, dict[str, Any]] = {}
        self._consumer: Consumer | None = None
        self._producer: Producer | None = None
        self._read = 0
        self._is_denied = False

    def refresh(self, *, is_needed: bool = False) -> None:
        """Read what is new; nothing where the user may not, unless it is needed.

        Raises:
            StoreError: it cannot be read.
        """
        with self._lock:
            end = self._end()
            if self._is_denied and is_needed:
                raise self._denied()
            if end is None or end < self._read:  # it was removed, and perhaps made again
                self._documents, self._read = {}, 0
            if end:
                self._client.asked(f"topic {self.topic} cannot be read", lambda: self._read_to(end))

    def of(self, topic: str, topic_id: str, *, is_empty: bool) -> tuple[Record | None, dict[str, Loaded]]:
        """The record of a topic and what was loaded into it, by Transform.

        One without an ID is of an attempt to make the topic that ended half way, so that nothing is in it.
        """
        with self._lock:
            document = self._documents.get((topic, ""))
            if document is None or document["id"] not in ("", topic_id) or not (document["id"] or is_empty):
                return None, {}
            found = {
                transform: loaded(each)
                for (name, transform), each in self._documents.items()
                if name == topic and transform and each["id"] == topic_id
            }
            return Record.read(document), found

    def write(self, documents: Mapping[bytes, bytes | None]) -> None:
        """Write records, and read them back; None removes one.

        Raises:
            StoreError: they are not written.
        """
        if not documents:
            return
        faults: list[str] = []
        with self._lock:
            self._make()
            producer = self._producer = self._producer or self._made_producer()
            for record, value in documents.items():
                producer.produce(
                    self.topic,
                    value,
                    record,
                    on_delivery=lambda error, _: faults.append(error.str()) if error else None,
                )
            left = producer.flush(self._client.timeout)
            if faults or left:
                self._producer = None
                told = faults[0] if faults else self._client.why(TimeoutError())
                raise StoreError(f"{self._client.name}: topic {self.topic} cannot be written: {told}")
            self.refresh()
            wanted = {read_key(each): value for each, value in documents.items()}
            self._client.until(f"a record in {self.topic}", lambda: self._has(wanted))

    def _has(self, wanted: Mapping[Key, bytes | None]) -> bool:
        self.refresh()
        documents = {each: json.loads(value) if value else None for each, value in wanted.items()}
        return all(self._documents.get(each) == document for each, document in documents.items())

    def _make(self) -> None:
        if self._end() is not None:
            return
        if self._is_denied:
            raise self._denied()
        config = {"cleanup.policy": "compact"}
        new = NewTopic(self.topic, 1, settings.default(self._client.said, "replication"), config=config)
        made = self._client.admin.create_topics([new], operation_timeout=self._client.timeout)
        try:
            made[self.topic].result(self._client.timeout)
        except KafkaException as fault:
            if fault.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise StoreError(f"{self._client.name}: topic {self.topic} cannot be made: {reason(fault)}") from fault
        self._client.until(f"topic {self.topic}", lambda: self._end() is not None)

    def _denied(self) -> StoreError:
        return StoreError(
            f"{self._client.name}: the user is not authorized for topic {self.topic}, which says whose topics are:"
            " give it the rights Describe, Create, Read and Write on that topic"
        )

    def _end(self) -> int | None:
        """Where committed records end; None where there is no such topic, or the user may not see it."""
        listed = self._client.asked(
            f"topic {self.topic} cannot be read",
            lambda: self._client.admin.list_topics(self.topic, timeout=self._client.timeout),
        )
        error = listed.topics[self.topic].error
        self._is_denied = error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
        if self._is_denied or (error and error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART):
            return None
        (offsets,) = bounds(self._client, {self.topic: [0]}, (Bound.END,))
        return offsets.get((self.topic, 0))

    def _read_to(self, end: int) -> None:
        if self._consumer is None:
            self._consumer = Consumer(
                {
                    **settings.driver(self._client.said),
                    "error_cb": self._client.hear,
                    "group.id": "datakit-records",  # it commits nothing
                    "enable.auto.commit": False,
                    "enable.partition.eof": True,
                    "isolation.level": "read_committed",
                    "auto.offset.reset": "earliest",
                    "fetch.wait.max.ms": 50,
                }
            )
        if self._read >= end:
            return
        self._consumer.assign([TopicPartition(self.topic, 0, self._read)])
        while self._read < end:
            first = self._consumer.poll(self._client.timeout)  # `consume` would wait for as many as it is asked for
            if first is None:
                raise TimeoutError("no answer")
            for message in (first, *self._consumer.consume(_BATCH, 0)):
                self._take(message)
        self._consumer.unassign()

    def _take(self, message: Any) -> None:
        error = message.error()
        if error and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
            return  # of a group that every consumer names, and this one does not use
        if error and error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
        if error:
            self._read = max(self._read, message.offset())
            return
        self._read = message.offset() + 1
        found, value = read_key(message.key()), message.value()
        if value is None:
            self._documents.pop(found, None)
        else:
            self._documents[found] = json.loads(value)

    def _made_producer(self) -> Producer:
        milliseconds = int(self._client.timeout * 1000)
        return Producer(
            {
                **settings.driver(self._client.said),
                "error_cb": self._client.hear,
                "enable.idempotence": True,
                "delivery.timeout.ms": milliseconds,
                "linger.ms": 0,
            }
        )


def records(said: Mapping[str, Any]) -> Records:
    """The records of a Store that this process has read so far."""
    key = (client(said), settings.prefix(said))
    with _making:
        found = _kept[key] = _kept.pop(key) if key in _kept else Records(*key)
        if len(_kept) > _MOST:
            del _kept[next(iter(_kept))]  # the one that was used longest ago
        return found


_MOST: Final = 16
"""Stores whose records are kept: each has a consumer, which is threads and open files."""
_kept: Final[dict[tuple[Client, str], Records]] = {}
_making: Final = threading.Lock()
