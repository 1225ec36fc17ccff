"""What is refused before any broker is asked. No server is needed."""

from __future__ import annotations

from typing import Any

import pytest

from datakit_iac.cloudquery_plugins.adapters import Pair, Sync
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place, TopicSettings
from datakit_iac.manifest.values.secret import Secret
from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.kafka.cloudquery.adapter import KafkaDestinationAdapter, KafkaSourceAdapter
from datakit_iac.technologies.kafka.cloudquery.decoding import Decoder
from datakit_iac.technologies.kafka.factory import Kafka
from datakit_iac.technologies.technology import StoreError
from tests.technologies.kafka.conftest import columns

AT = Connection("kafka", {"brokers": ["b:2", "a:1"], "prefix": "shop."}, {"password": Secret("planted-secret")})


def dataset(topic: str = "users", form: Any = None, **more: Any) -> BoundDataSet:
    given = {"columns": columns("*id bigint"), **more}
    return BoundDataSet("users", "bus", AT, Place(topic=topic, format=form), **given)


def sync(mode: str, target: BoundDataSet) -> Sync:
    return Sync((Pair(dataset("from"), target),), mode, "load", "1f")


@pytest.mark.parametrize(
    ("wrong", "path", "told"),
    [
        ({"topic": "a b"}, ("topic",), "no topic can have the name 'shop.a b'"),
        ({"topic": "x" * 250}, ("topic",), "no topic can have the name"),
        ({"form": "csv"}, ("format",), "messages are not written as csv; expected json or avro"),
        (
            {"columns": columns("id bigint"), "topic_settings": TopicSettings(cleanup="compact,delete")},
            ("topicSettings", "cleanup"),
            "users has no primary key; declare primaryKey on its columns",
        ),
        ({"form": "avro"}, ("format",), "name it in the Store (`schemaRegistry`)"),
    ],
)
def test_a_topic_that_cannot_be_is_refused_at_its_field(wrong: dict[str, Any], path: Any, told: str) -> None:
    (fault,) = Kafka().faults(dataset(**wrong))
    assert fault.path == path
    assert told in str(fault)


def test_avro_names_the_columns_that_it_cannot_have() -> None:
    at = Connection("kafka", {**AT.options, "schemaRegistry": "http://r"})
    odd = BoundDataSet("users", "bus", at, Place(topic="users", format="avro"), columns("full-name text"))
    (fault,) = Kafka().faults(odd)
    assert "Avro has no field 'full-name'" in str(fault)


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    told = "the driver of Kafka is not installed: pip install 'datakit-iac[kafka]'"
    with pytest.raises(StoreError, match=r"pip install 'datakit-iac\[kafka\]'"), Kafka().open(AT):
        pass
    assert list(KafkaSourceAdapter().missing(dataset())) == [told]
    assert list(KafkaDestinationAdapter().faults(sync("append", dataset()))) == [told]


def test_a_store_is_the_same_however_its_brokers_are_listed() -> None:
    other = Connection("kafka", {"brokers": ["A:1", "b:2 "], "prefix": "shop."})
    assert Kafka().location(AT) == Kafka().location(other) == "kafka:a:1,b:2/shop."


def test_the_mode_of_writing_must_be_one_that_topics_have() -> None:
    refusals = KafkaDestinationAdapter().faults
    compacted = dataset(topic_settings=TopicSettings(cleanup="compact"))
    assert not refusals(sync("append", dataset()))
    assert not refusals(sync("overwrite", compacted))
    assert "declare `topicSettings: {cleanup: compact}`" in refusals(sync("overwrite", dataset()))[0]
    assert "write `writeMode: append`" in refusals(sync("overwrite-delete-stale", compacted))[0]


def test_secrets_stay_secret_in_the_specs() -> None:
    for adapter in (KafkaSourceAdapter(), KafkaDestinationAdapter()):
        spec = adapter.spec(sync("append", dataset()))
        assert isinstance(spec["connection"]["password"], Secret)
        assert "planted-secret" not in str(spec)


def test_what_would_be_done_is_told_as_kafkas_own_tools_say_it() -> None:
    before = dataset(retention="7d", topic_settings=TopicSettings(partitions=3, config={"max.message.bytes": "5"}))
    after = dataset(retention="1d", topic_settings=TopicSettings(partitions=6))
    assert Kafka().ddl(before, None) == [
        "kafka-topics --create --topic users --partitions 3 --config max.message.bytes=5"
        " --config retention.ms=604800000"
    ]
    assert Kafka().reconfigured(before, after) == [
        "kafka-topics --alter --topic users --partitions 6",
        "kafka-configs --alter --topic users --add-config retention.ms=86400000 --delete-config max.message.bytes",
    ]


def test_a_registry_that_does_not_answer_makes_no_message_a_misfit() -> None:
    def silent(number: int) -> str:
        raise StoreError(f"the schema registry cannot be asked for {number}")

    with pytest.raises(StoreError, match="cannot be asked for 7"):
        Decoder("avro", columns("*id bigint"), silent).row(b"\0\0\0\0\x07\x02")
