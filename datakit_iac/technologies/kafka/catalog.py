"""The topics of a Store as the brokers describe them: the first alone, and all at once when another is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka._model import TopicCollection
from confluent_kafka.admin import ConfigResource, ConfigSource

from datakit_iac.technologies.kafka.client import Client
from datakit_iac.technologies.kafka.offsets import bounds

_GONE = frozenset({KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC})


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that is there.

    Attributes:
        name: its name.
        id: tells it from others of that name, before and after it.
        partitions: how many.
        replication: how many copies.
        begin: where each partition begins.
        end: where the committed messages of each partition end.
        config: what was set for it, and is not the brokers' default.
        effective: all of its configuration.
    """

    name: str
    id: str
    partitions: int
    replication: int
    begin: Mapping[int, int] = field(default_factory=dict)
    end: Mapping[int, int] = field(default_factory=dict)
    config: Mapping[str, str] = field(default_factory=dict)
    effective: Mapping[str, str] = field(default_factory=dict)

    @property
    def messages(self) -> int:
        """How many offsets there are: the messages, and a few that transactions and compaction take."""
        return sum(end - self.begin.get(number, 0) for number, end in self.end.items())


class Catalog:
    """The topics of a cluster, valid until another client changes them.

    Args:
        client: of the cluster.
        prefix: of the Store's topics.
    """

    def __init__(self, client: Client, prefix: str) -> None:
        self._client, self._prefix = client, prefix
        self._known: dict[str, Topic | None] = {}

    def find(self, name: str) -> Topic | None:
        """A topic; None where there is none."""
        if name not in self._known:
            wanted = {name} | ({*self.names()} if self._known else set())
            self._known |= dict.fromkeys(wanted) | self._described(wanted)
        return self._known[name]

    def names(self) -> list[str]:
        """The names of all topics of the Store."""
        listed = self._client.asked(
            "topics cannot be listed", lambda: self._client.admin.list_topics(timeout=self._client.timeout)
        )
        return sorted(name for name in listed.topics if name.startswith(self._prefix))

    def forget(self) -> None:
        """Ask again."""
        self._known = {}

    def _described(self, names: Collection[str]) -> dict[str, Topic]:
        admin, timeout = self._client.admin, self._client.timeout

        def described() -> dict[str, Any]:
            asked = admin.describe_topics(TopicCollection([*names]), request_timeout=timeout)
            answers = {name: _present(answer, timeout) for name, answer in asked.items()}
            return {name: answer for name, answer in answers.items() if answer is not None}

        found = self._client.asked("topics cannot be described", described)
        configs = self._client.asked("configurations cannot be read", lambda: self._configs(found))
        begins, ends = bounds(self._client, {name: range(len(each.partitions)) for name, each in found.items()})
        topics = {}
        for name, each in found.items():
            said = configs.get(name, {})
            topics[name] = Topic(
                name,
                str(each.topic_id),
                len(each.partitions),
                min((len(partition.replicas) for partition in each.partitions), default=0),
                {number: begins.get((name, number), 0) for number in range(len(each.partitions))},
                {number: ends.get((name, number), 0) for number in range(len(each.partitions))},
                {key: entry.value for key, entry in said.items() if entry.source == _OWN and entry.value is not None},
                {key: entry.value for key, entry in said.items() if entry.value is not None},
            )
        return topics

    def _configs(self, names: Collection[str]) -> dict[str, Any]:
        if not names:
            return {}
        wanted = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        asked = self._client.admin.describe_configs(wanted, request_timeout=self._client.timeout)
        answers = {each.name: _present(answer, self._client.timeout) for each, answer in asked.items()}
        return {name: answer for name, answer in answers.items() if answer is not None}


def _present(answer: Any, timeout: float) -> Any:
    """An answer; None where what it is about is not there."""
    try:
        return answer.result(timeout)
    except KafkaException as fault:
        if fault.args[0].code() in _GONE:
            return None
        raise


_OWN = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
