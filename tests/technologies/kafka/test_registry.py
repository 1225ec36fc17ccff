"""The schema of a topic is in the registry that its Store names, and an incompatible change is refused before it."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.kafka.factory import Kafka
from datakit_iac.technologies.technology import StoreError
from tests.technologies.kafka.conftest import MARK, Topics, columns


def latest(topics: Topics) -> Any:
    url = f"{topics.connection.options['schemaRegistry']}/subjects/{topics.prefix}users-value/versions/latest"
    with urllib.request.urlopen(url) as said:
        return json.load(said)


def changed(topics: Topics, before: Any, after: Any) -> None:
    with topics.open() as session:
        assert session.refusals(after) == []
        changes = plan(before.columns, after.columns, canonical=lambda each: each)
        session.alter(after, changes, MARK)


@pytest.mark.parametrize("form", ["json", "avro"])
def test_the_schema_is_registered_with_the_topic_and_grows_with_it(registered: Topics, form: str) -> None:
    dataset = registered.made(form=form)
    first = latest(registered)
    grown = replace(dataset, columns=columns("*id bigint", "name text", "age integer"))
    changed(registered, dataset, grown)
    second = latest(registered)
    assert [first["version"], second["version"]] == [1, 2]
    assert "age" not in first["schema"]
    assert "age" in second["schema"]
    if form == "json":
        assert json.loads(second["schema"])["additionalProperties"] is False


@pytest.mark.parametrize("form", ["json", "avro"])
@pytest.mark.parametrize(
    ("after", "told"),
    [
        (["*id bigint", "name bigint"], "column name is changed: the schema registry refuses that"),
        (["*id bigint", "name text", "*more text"], "column more is added: the schema registry refuses that"),
    ],
)
def test_an_incompatible_change_is_refused_and_its_column_named(
    registered: Topics, form: str, after: list[str], told: str
) -> None:
    dataset = registered.made(form=form)
    with registered.open() as session:
        (refused,) = session.refusals(replace(dataset, columns=columns(*after)))
    assert told in refused
    assert f"{registered.prefix}users-value (compatibility BACKWARD)" in refused
    assert latest(registered)["version"] == 1


def test_other_clients_read_what_was_written(registered: Topics) -> None:
    registered.loaded(registered.made(form="avro"), [(1, "ann")])
    client = SchemaRegistryClient({"url": registered.connection.options["schemaRegistry"]})
    (value,) = registered.values()
    read = AvroDeserializer(client)(value, SerializationContext(f"{registered.prefix}users", MessageField.VALUE))
    client.close()
    assert read == {"id": 1, "name": "ann"}


def test_old_messages_are_read_by_the_schema_they_were_written_with(registered: Topics) -> None:
    dataset = registered.made(form="avro")
    registered.loaded(dataset, [(1, "ann")])
    grown = replace(dataset, columns=columns("*id bigint", "name text", "age integer"))
    changed(registered, dataset, grown)
    registered.loaded(grown, [(2, "bob", 7)], run="2a")
    assert sorted(registered.read(grown)) == [(1, "ann", None), (2, "bob", 7)]


def test_a_registry_that_is_not_there_is_named_and_no_topic_made() -> None:
    topics = Topics(schemaRegistry="http://127.0.0.1:9")
    with topics.open() as session:
        with pytest.raises(StoreError, match=r"the schema registry http://127\.0\.0\.1:9 cannot be asked"):
            session.create(topics.dataset(), MARK)
        assert session.describe(topics.dataset().place) is None


def test_avro_needs_a_registry(topics: Topics) -> None:
    (fault,) = Kafka().faults(topics.dataset(form="avro"))
    assert fault.path == ("format",)
    assert "name it in the Store (`schemaRegistry`), or write `format: json`" in str(fault)


def test_a_dropped_topic_takes_its_subject_along(registered: Topics) -> None:
    dataset = registered.made()
    with registered.open() as session:
        session.drop(dataset.place)
    with pytest.raises(urllib.error.HTTPError, match="404"):
        latest(registered)
