"""The messages of a topic, from its beginning to where it ended when it was opened."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.kafka.catalog import Topic
from datakit_iac.technologies.kafka.client import Client

_BATCH: Final = 10_000
_PATIENCE: Final = 60.0
"""Seconds without a message after which the brokers are given up."""


class Log:
    """Reads the committed messages of one topic, as often as it is asked to.

    Args:
        client: of the cluster.
        topic: as it was when it was opened.
    """

    def __init__(self, client: Client, topic: Topic) -> None:
        self._client, self._topic = client, topic

    def messages(self) -> Iterator[list[Any]]:
        """All of them, some at a time; those of a partition are in their order.

        Raises:
            PluginFault: the brokers do not answer, or have removed messages meanwhile.
        """
        waiting = {number: end for number, end in self._topic.end.items() if end > self._topic.begin[number]}
        if not waiting:
            return
        consumer = Consumer(
            {
                **settings.driver(self._client.said),
                "error_cb": self._client.hear,
                "group.id": "datakit-source",  # it commits nothing
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 50,
            }
        )
        try:
            consumer.assign([TopicPartition(self._topic.name, each, self._topic.begin[each]) for each in waiting])
            while waiting:
                if found := self._taken(self._some(consumer), waiting):
                    yield found
        finally:
            consumer.close()

    def _some(self, consumer: Consumer) -> list[Any]:
        deadline = time.monotonic() + _PATIENCE
        while (first := consumer.poll(1.0)) is None:  # `consume` would wait for as many as it is asked for
            if time.monotonic() > deadline:
                told = self._client.why(TimeoutError(f"no message for {_PATIENCE:g} s"))
                raise PluginFault(f"{self._client.name}: topic {self._topic.name} cannot be read on: {told}")
        return [first, *consumer.consume(_BATCH, 0)]

    def _taken(self, messages: list[Any], waiting: dict[int, int]) -> list[Any]:
        """The messages that count; partitions that are read to their end are taken out of `waiting`."""
        found = []
        for message in messages:
            number, error = message.partition(), message.error()
            if error and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
                continue  # of a group that every consumer names, and this one does not use
            if error and error.code() != KafkaError._PARTITION_EOF:
                raise PluginFault(self._refused(error))
            end = waiting.get(number)
            if end is None:
                continue
            if not error and message.offset() < end:
                found.append(message)
            if message.offset() + (0 if error else 1) >= end:
                del waiting[number]
        return found

    def _refused(self, error: KafkaError) -> str:
        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            return f"topic {self._topic.name}: messages were removed while they were read; run it again"
        return f"{self._client.name}: topic {self._topic.name}: {self._client.why(KafkaException(error))}"
