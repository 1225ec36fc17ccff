"""Brokers that are down, killed, or changed by others: one clear error, and nothing lost or doubled."""

from __future__ import annotations

import random
import resource
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec
from confluent_kafka.cimpl import NewTopic

from datakit_iac.cloudquery_plugins import wire
from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.cloudquery_plugins.types import to_arrow
from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.models.dataset import TopicSettings
from datakit_iac.technologies.kafka.cloudquery import load as load_module
from datakit_iac.technologies.kafka.cloudquery.load import Load
from datakit_iac.technologies.kafka.making import Making
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import StoreError
from tests.servers.kafka import Kafka
from tests.servers.server import UnavailableError
from tests.servers.sharing import do_without
from tests.technologies.kafka.conftest import MARK, Topics, batches, columns


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Kafka, Topics]]:
    """A Kafka of the test's own, which it may kill."""
    server = Kafka(tmp_path / "kafka")
    try:
        try:
            server.start()
        except UnavailableError as lacking:
            do_without(Kafka, lacking)
        topics = Topics(timeout=5)
        topics.brokers = server.facts()["brokers"]
        topics.connection = Connection("kafka", {**topics.connection.options, "brokers": [topics.brokers]})
        yield server, topics
    finally:
        server.remove()


@pytest.mark.slow
def test_a_broker_that_is_killed_during_a_load_loses_and_doubles_nothing(own: tuple[Kafka, Topics]) -> None:
    server, topics = own
    dataset = topics.made(topic_settings=TopicSettings(partitions=2))
    fields = [wire.field(c.name, to_arrow(c.type), required=c.required, key=c.primary_key) for c in dataset.columns]
    schema = wire.table_schema("users", fields)
    rows: list[Sequence[Any]] = [(number, str(number)) for number in range(20_000)]
    load = Load(topics.spec(dataset))
    load.migrate(wire.encode_schema(schema), force=False)
    for start in range(0, 20_000, 1000):
        if start == 10_000:
            server.kill()
            threading.Timer(1, server.start).start()
        (batch,) = batches(schema, rows[start : start + 1000])
        load.insert(wire.encode_batch(batch))
    load.finish()
    load.commit()
    assert sorted(topics.read(dataset)) == rows
    topics.loaded(dataset, rows)
    assert len(topics.values()) == 20_000


@pytest.mark.slow
def test_a_broker_that_is_down_is_told_once_and_what_was_begun_is_finished_later(own: tuple[Kafka, Topics]) -> None:
    server, topics = own
    dataset = topics.made()
    server.kill()
    down = pytest.raises(StoreError, match="check brokers and securityProtocol, and that the brokers run")
    with down as told, topics.open() as session:
        session.describe(dataset.place)
    assert "\n" not in str(told.value)
    with pytest.raises(PluginFault, match="and that the brokers run"):
        topics.read(dataset)
    server.start()
    with topics.open() as session:
        live = session.describe(dataset.place)
    assert live is not None
    assert live.mark == MARK


@pytest.mark.slow
def test_a_broker_that_cannot_write_any_more_is_told_and_the_next_load_has_all(
    own: tuple[Kafka, Topics], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(resource, "prlimit"):
        do_without(Kafka, "this test needs a system that limits the files of a running process")
    server, topics = own
    monkeypatch.setattr(load_module, "_PATIENCE", 10.0)
    dataset = topics.made()
    topics.loaded(dataset, [(0, "first")])
    rows = [(number, random.Random(number).randbytes(10_000).hex()) for number in range(1, 1_500)]
    assert server.process
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (11 << 20, 11 << 20))  # as a disk that is full
    with pytest.raises(PluginFault) as told:
        topics.loaded(dataset, rows, run="2a")
    assert "and that the brokers run; nothing was written" in str(told.value)
    assert "\n" not in str(told.value)
    server.kill()
    server.start()
    assert topics.read(dataset) == [(0, "first")]
    topics.loaded(dataset, rows, run="2a")
    assert sorted(topics.read(dataset)) == [(0, "first"), *rows]


def test_what_ended_between_topic_and_record_is_known_for_ours(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    create = Making.create

    def killed(*given: Any) -> Any:
        create(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(Making, "create", killed)
    with pytest.raises(KeyboardInterrupt), topics.open() as session:
        session.create(topics.dataset(), MARK)
    with topics.open() as session:
        live = session.describe(topics.dataset().place)
        assert live is not None
        assert live.mark == MARK
        session.alter(topics.dataset(), (), MARK)
    topics.send("users", {"id": 1})
    with topics.open() as session:
        after = session.describe(topics.dataset().place)
    assert after is not None
    assert after.mark == MARK


def test_a_topic_that_is_not_seen_in_time_is_known_for_ours_later(monkeypatch: pytest.MonkeyPatch) -> None:
    topics = Topics(timeout=2)
    with monkeypatch.context() as blind:
        blind.setattr(Making, "_shown", lambda *_: None)
        with pytest.raises(StoreError, match="is not there after 2 s"), topics.open() as session:
            session.create(topics.dataset(), MARK)
    with topics.open() as session:
        live = session.describe(topics.dataset().place)
    assert live is not None
    assert live.mark == MARK


def test_a_topic_that_others_made_in_the_place_of_ours_is_not_ours(topics: Topics) -> None:
    dataset = topics.made()
    name, admin = f"{topics.prefix}users", AdminClient({"bootstrap.servers": topics.brokers})
    admin.delete_topics([name])[name].result(10)
    until(lambda: name not in admin.list_topics(timeout=10).topics)
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(10)
    until(lambda: name in admin.list_topics(timeout=10).topics)
    with topics.open() as session:
        live = session.describe(dataset.place)
    assert live is not None
    assert live.mark is None


def test_a_topic_that_another_made_meanwhile_is_refused_and_left_alone(topics: Topics) -> None:
    with topics.open() as session:
        assert session.describe(topics.dataset().place) is None
        name, admin = f"{topics.prefix}users", AdminClient({"bootstrap.servers": topics.brokers})
        admin.create_topics([NewTopic(name, 1, 1)])[name].result(10)
        with pytest.raises(StoreError, match="another made it meanwhile"):
            session.create(topics.dataset(), MARK)
    with topics.open() as session:
        live = session.describe(topics.dataset().place)
    assert live is not None
    assert live.mark is None


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"replication": 3}, "INVALID_REPLICATION_FACTOR"),
        ({"config": {"no.such": "1"}}, "INVALID_CONFIG"),
    ],
)
def test_what_brokers_refuse_leaves_nothing_behind(topics: Topics, settings: dict[str, Any], told: str) -> None:
    with topics.open() as session, pytest.raises(StoreError, match=told):
        session.create(topics.dataset(topic_settings=TopicSettings.model_validate(settings)), MARK)
    admin = AdminClient({"bootstrap.servers": topics.brokers})
    admin.create_topics([NewTopic(f"{topics.prefix}users", 1, 1)])[f"{topics.prefix}users"].result(10)
    until(lambda: f"{topics.prefix}users" in admin.list_topics(timeout=10).topics)
    with topics.open() as session:
        live = session.describe(topics.dataset().place)
    assert live is not None
    assert live.mark is None


def test_settings_are_altered_in_place_and_taken_back(topics: Topics) -> None:
    said = TopicSettings(partitions=2, config={"max.message.bytes": "2000000"})
    dataset = topics.made(retention="7d", topic_settings=said)
    after = replace(dataset, retention="1d", topic_settings=TopicSettings(partitions=4, cleanup="compact"))
    with topics.open() as session:
        assert session.terms(dataset) == {}
        assert session.terms(after) == {
            "retention": "7d",
            "topicSettings": {"partitions": 2, "cleanup": "delete"},
        }
        session.alter(after, (), MARK)
        assert session.terms(after) == {}
        assert session.terms(dataset)["topicSettings"]["config"] != {"max.message.bytes": "2000000"}
        (refused,) = session.refusals(dataset)
    assert "has 4 partitions, and 2 are declared" in refused
    assert "declare `partitions: 4`, or name another topic" in refused


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (["*id bigint", "label text"], None),
        (["*id bigint", "name integer"], "column name changes from string to integer"),
        (["*id bigint", "name text", "*more text"], "column more is added and must have a value"),
        (["*id bigint", "name text", "more text"], None),
        (["*id decimal(20,0)", "name text"], None),
    ],
)
def test_messages_that_are_there_are_not_rewritten(topics: Topics, after: list[str], told: str | None) -> None:
    dataset = topics.made()
    topics.loaded(dataset, [(1, "ann")])
    with topics.open() as session:
        refused = session.refusals(replace(dataset, columns=columns(*after)))
    assert [str(told) in each for each in refused] == ([True] if told else [])


@pytest.mark.slow
def test_a_thousand_topics_are_described_in_a_constant_number_of_calls(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"many-{number}" for number in range(1000)]
    admin = AdminClient({"bootstrap.servers": topics.brokers})
    new = [NewTopic(f"{topics.prefix}{name}", 1, 1) for name in names]
    for answer in admin.create_topics(new, request_timeout=120, operation_timeout=120).values():
        answer.result(120)
    until(lambda: _have_leaders(admin, [each.topic for each in new]), 120)
    calls: list[str] = []
    for name in ("describe_topics", "describe_configs", "list_offsets", "list_topics"):
        real = getattr(AdminClient, name)
        monkeypatch.setattr(AdminClient, name, _counted(real, name, calls))
    with topics.open() as session:
        begun = time.monotonic()
        versions = {str(session.data_version(topics.dataset(name))) for name in names}
        assert all(session.describe(topics.dataset(name).place) for name in names)
        seconds = time.monotonic() - begun
    assert len(versions) == 1000
    assert len(calls) <= 12, calls
    assert seconds < 30
    for answer in admin.delete_topics([each.topic for each in new], operation_timeout=120).values():
        answer.result(120)


def _counted(real: Any, name: str, calls: list[str]) -> Any:
    def call(*given: Any, **named: Any) -> Any:
        calls.append(name)
        return real(*given, **named)

    return call


def _have_leaders(admin: AdminClient, names: list[str]) -> bool:
    """Whether brokers answer for all topics: they promise them before."""
    asked = admin.list_offsets({TopicPartition(name, 0): OffsetSpec.latest() for name in names}, request_timeout=60)
    return all(answer.exception(60) is None for answer in asked.values())


def until(comes: Any, patience: float = 10) -> None:
    deadline = time.monotonic() + patience
    while not comes():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_marks_of_two_stores_of_one_cluster_are_kept_apart(topics: Topics) -> None:
    other = Topics()
    topics.made()
    with other.open() as session:
        session.create(other.dataset(), replace(MARK, stack="other/dev"))
    for each, stack in ((topics, "shop/dev"), (other, "other/dev")):
        with each.open() as session:
            live = session.describe(each.dataset().place)
        assert live is not None
        assert isinstance(live.mark, Mark)
        assert live.mark.stack == stack
