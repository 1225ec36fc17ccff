"""Topics that are kept by several brokers, one of which goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.models.dataset import TopicSettings
from datakit_iac.technologies.technology import StoreError
from tests.servers.kafka_cluster import Node, cluster
from tests.servers.server import UnavailableError
from tests.servers.sharing import do_without
from tests.technologies.kafka.conftest import MARK, Topics


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[list[Node]]:
    try:
        with cluster(tmp_path) as nodes:
            yield nodes
    except UnavailableError as lacking:
        do_without(Node, lacking)


@pytest.mark.slow
def test_a_topic_with_copies_outlives_a_broker_and_no_row_is_lost_or_doubled(brokers: list[Node]) -> None:
    addresses = [each.facts()["brokers"] for each in brokers]
    topics = Topics(timeout=20, replication=3)
    topics.brokers = ",".join(addresses)
    topics.connection = Connection("kafka", {**topics.connection.options, "brokers": addresses})
    dataset = topics.made(topic_settings=TopicSettings(partitions=3, config={"min.insync.replicas": "2"}))
    seen = AdminClient({"bootstrap.servers": topics.brokers}).list_topics(timeout=20).topics
    for name in (f"{topics.prefix}users", f"{topics.prefix}__datakit"):
        assert [sorted(each.replicas) for each in seen[name].partitions.values()] in ([[1, 2, 3]] * 3, [[1, 2, 3]])

    rows = [(number, str(number)) for number in range(6_000)]
    topics.loaded(dataset, rows[:3_000])
    load = topics.load(dataset, rows[3_000:], run="2a")
    brokers[0].kill()
    assert sorted(topics.read(dataset)) == rows[:3_000]
    load.commit()
    assert sorted(topics.read(dataset)) == rows
    topics.loaded(dataset, rows[3_000:], run="2a")
    assert len(topics.values()) == 6_000
    with topics.open() as session:
        live = session.describe(dataset.place)
        assert live is not None
        assert live.mark is not None
        assert live.mark.generation == MARK.generation
        more = topics.dataset("more", topic_settings=TopicSettings(replication=4))
        with pytest.raises(StoreError, match="eplication factor"):
            session.create(more, MARK)
