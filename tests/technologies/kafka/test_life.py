"""The life of a topic under the provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from datakit_iac.testing.lifecycle import Lifecycle, OperationError, RefusedError, Subject
from tests.technologies.kafka.conftest import Topics

SCHEMA = [{"name": "id", "type": "bigint", "primaryKey": True}, {"name": "name", "type": "string"}]


def inputs(topics: Topics, **more: Any) -> dict[str, Any]:
    store = {"name": "bus", "technology": "kafka", "connection": dict(topics.connection.options)}
    return {"name": "users", "store": store, "topic": "users", "schema": SCHEMA, "description": "All users.", **more}


@pytest.fixture
def users(lifecycle: Lifecycle) -> Subject:
    return lifecycle.subject("datakit:index:DataSet", "users")


def test_a_topic_is_made_and_the_second_up_does_nothing(topics: Topics, users: Subject) -> None:
    assert users.up(inputs(topics)).kind == "create"
    assert users.id == f"kafka:{topics.brokers}/{topics.prefix}#users"
    assert users.up(inputs(topics)).kind == "same"


def test_a_changed_configuration_is_drift(topics: Topics, users: Subject) -> None:
    from dataclasses import replace

    users.up(inputs(topics, retention="7d"))
    with topics.open() as session:
        live = session.describe(topics.dataset().place)
        assert live is not None
        assert live.mark is not None
        declared = topics.dataset(description="All users.", retention="3d")
        session.alter(replace(declared, columns=live.columns), (), live.mark)
    users.refresh()
    assert users.up(inputs(topics, retention="7d")).kind == "update"
    with topics.open() as session:
        assert session.terms(topics.dataset(retention="7d")) == {}


def test_fewer_partitions_are_refused_in_the_preview(topics: Topics, users: Subject) -> None:
    users.up(inputs(topics, topicSettings={"partitions": 4}))
    with pytest.raises(OperationError, match="has 4 partitions, and 2 are declared"):
        users.preview(inputs(topics, topicSettings={"partitions": 2}))


def test_an_incompatible_change_is_refused_in_the_preview(registered: Topics, users: Subject) -> None:
    users.up(inputs(registered, format="avro"))
    more = {"name": "more", "type": "string", "nullable": False}
    with pytest.raises(OperationError, match="column more is added: the schema registry refuses that"):
        users.preview(inputs(registered, format="avro", schema=[*SCHEMA, more]))


def test_a_setting_that_cannot_be_is_refused_at_its_field(topics: Topics, users: Subject) -> None:
    with pytest.raises(RefusedError, match="format"):
        users.preview(inputs(topics, format="avro"))


def test_a_topic_with_messages_stays_unless_a_consent_says_so(
    topics: Topics, users: Subject, lifecycle: Lifecycle
) -> None:
    users.up(inputs(topics, deletion="delete"))
    topics.send("users", {"id": 1})
    users.destroy()
    assert "users stays: it holds data, and kafka cannot put it aside" in lifecycle.said()
    again = lifecycle.subject("datakit:index:DataSet", "users")
    expires = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    consent = [{"object": "table", "reason": "asked for", "expires": expires}]
    again.up(inputs(topics, deletion="delete", consents=consent))
    again.destroy()
    with topics.open() as session:
        assert session.describe(topics.dataset().place) is None
