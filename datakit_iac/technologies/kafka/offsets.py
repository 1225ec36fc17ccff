"""Where topics begin and end: one question for any number of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Final

from confluent_kafka import IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import OffsetSpec

from datakit_iac.technologies.kafka.client import Client

Offsets = dict[tuple[str, int], int]
"""By topic and partition."""


class Bound(Enum):
    """An end of a topic."""

    BEGIN = "begin"
    END = "end"
    """Where committed messages end."""


def bounds(
    client: Client, partitions: Mapping[str, Iterable[int]], wanted: Sequence[Bound] = (Bound.BEGIN, Bound.END)
) -> list[Offsets]:
    """The offsets at the wanted ends of partitions; each end is one call. Partitions that are gone are left out.

    Raises:
        StoreError: the brokers cannot be asked.
    """
    each = [(topic, number) for topic, numbers in partitions.items() for number in numbers]
    return [_bound(client, each, bound) for bound in wanted] if each else [{} for _ in wanted]


def _bound(client: Client, partitions: list[tuple[str, int]], bound: Bound) -> Offsets:
    spec = OffsetSpec.earliest() if bound is Bound.BEGIN else OffsetSpec.latest()
    waiting, found = partitions, Offsets()

    def complete() -> bool:
        nonlocal waiting
        asked = client.admin.list_offsets(
            {TopicPartition(*each): spec for each in waiting},
            isolation_level=IsolationLevel.READ_COMMITTED,
            request_timeout=min(_TRY, client.timeout),
        )
        waiting = []
        for partition, answer in asked.items():
            place = (partition.topic, partition.partition)
            try:
                offset = answer.result(client.timeout).offset
            except KafkaException as fault:
                if fault.args[0].code() in _SOON:
                    waiting.append(place)
                elif fault.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise
            else:
                if offset < 0:  # so the driver answers for a broker that is gone, as if that were no failure
                    waiting.append(place)
                else:
                    found[place] = offset
        if waiting:  # a leader may be gone, and the driver asks for leaders again only when it is made to
            client.admin.list_topics(timeout=client.timeout)
        return not waiting

    client.until("a leader of each partition", lambda: client.asked("offsets cannot be read", complete))
    return found


_SOON = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError._NOENT,
        KafkaError._TIMED_OUT,
        KafkaError._TRANSPORT,
    }
)
"""What is over once all brokers know of a new topic, or another one leads in the place of one that is gone."""
_TRY: Final = 3.0
"""Seconds to wait for the broker that led a partition when the driver last asked."""
