"""Making, altering and removing topics; each waits until the brokers show what they have promised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.cimpl import NewPartitions, NewTopic

from datakit_iac.technologies.kafka.catalog import Catalog, Topic
from datakit_iac.technologies.kafka.client import Client
from datakit_iac.technologies.kafka.wanted import Wanted
from datakit_iac.technologies.technology import StoreError


class RefusedError(StoreError):
    """The brokers refused something: it was not done, and will not be."""


class Making:
    """What changes the topics of a cluster.

    Args:
        client: of the cluster.
        catalog: what is known of its topics.
    """

    def __init__(self, client: Client, catalog: Catalog) -> None:
        self._client, self._catalog = client, catalog

    def create(self, name: str, wanted: Wanted) -> Topic:
        """Make a topic.

        Raises:
            RefusedError: it is not made; or it is there already, made by another.
            StoreError: whether it is made is not known.
        """
        new = NewTopic(name, wanted.partitions or -1, wanted.replication or -1, config={**wanted.config})
        made = self._client.admin.create_topics([new], operation_timeout=self._client.timeout)
        try:
            self._done(f"topic {name} cannot be made", made[name])
        finally:
            self._catalog.forget()
        return self._client.until(f"topic {name}", lambda: self._shown(name))

    def alter(self, topic: Topic, wanted: Wanted, before: Mapping[str, str]) -> None:
        """Add partitions, set what is wanted, and take back what was wanted `before`.

        Raises:
            StoreError: the brokers refuse it.
        """
        resets = [name for name in before if name not in wanted.config and name in topic.config]
        sets = {name: value for name, value in wanted.config.items() if topic.effective.get(name) != value}
        if wanted.partitions and wanted.partitions > topic.partitions:
            more = self._client.admin.create_partitions([NewPartitions(topic.name, wanted.partitions)])
            self._done(f"partitions of {topic.name} cannot be added", more[topic.name])
        if sets or resets:
            entries = [_entry(name, value, AlterConfigOpType.SET) for name, value in sets.items()]
            entries += [_entry(name, "", AlterConfigOpType.DELETE) for name in resets]
            resource = ConfigResource(ConfigResource.Type.TOPIC, topic.name, incremental_configs=entries)
            (answer,) = self._client.admin.incremental_alter_configs([resource]).values()
            self._done(f"the configuration of {topic.name} cannot be altered", answer)

        def altered() -> bool:
            found = self._shown(topic.name)
            return (
                found is not None
                and found.partitions >= (wanted.partitions or 0)
                and all(found.effective.get(name) == value for name, value in sets.items())
                and not {*resets} & {*found.config}
            )

        if sets or resets or (wanted.partitions or 0) > topic.partitions:
            self._client.until(f"the new configuration of {topic.name}", altered)

    def drop(self, name: str) -> None:
        """Remove a topic.

        Raises:
            StoreError: the brokers refuse it.
        """
        gone = self._client.admin.delete_topics([name], operation_timeout=self._client.timeout)
        self._done(f"topic {name} cannot be removed", gone[name])
        self._client.until(f"the end of topic {name}", lambda: self._shown(name) is None)

    def _shown(self, name: str) -> Topic | None:
        self._catalog.forget()
        return self._catalog.find(name)

    def _done(self, what: str, answer: Any) -> None:
        try:
            answer.result(self._client.timeout)
        except KafkaException as fault:
            code = fault.args[0].code()
            if code == KafkaError.TOPIC_ALREADY_EXISTS:
                raise RefusedError(f"{self._client.name}: {what}: another made it meanwhile") from fault
            is_certain = code > 0 and code != KafkaError.REQUEST_TIMED_OUT  # the driver's own codes are below zero
            error = RefusedError if is_certain else StoreError
            raise error(f"{self._client.name}: {what}: {self._client.why(fault)}") from fault
        except TimeoutError as fault:
            raise StoreError(f"{self._client.name}: {what}: {self._client.why(fault)}") from fault


def _entry(name: str, value: str, operation: AlterConfigOpType) -> ConfigEntry:
    return ConfigEntry(name, value, incremental_operation=operation)
