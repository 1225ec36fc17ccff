"""Files become messages of a topic, and these rows of a table, through CloudQuery and Kafka."""

from __future__ import annotations

import pytest
from confluent_kafka.cimpl import NewTopic

from tests.scenarios.test_topics import ORDERS, ROWS, written
from tests.servers.registry import Registry
from tests.servers.sharing import shared
from tests.stories.workspace import InProcess


@pytest.mark.parametrize("form", ["", "json", "avro"])
def test_rows_go_through_a_topic_once(bare: InProcess, form: str) -> None:
    written(bare, f", schemaRegistry: {shared(Registry)['url']}" if form else "")
    if form:
        bare.replace("project/all.yaml", "  topic: events\n", f"  topic: events\n  format: {form}\n")

    first = bare.up("--skip-preview").ok()

    assert "events 1,000" in first.text
    assert bare.rows(ROWS) == [(1000, 1000, (1000 * 1001 // 2) + 250)]
    assert bare.up().ok().operations == {}
    bare.write("project/inbox/orders.csv", f"{ORDERS}1001,1.00,2024-01-01T00:00:00Z\n")
    assert set(bare.up().ok().operations) == {"Run publish", "Run load"}
    assert bare.rows(ROWS) == [(1001, 1001, (1000 * 1001 // 2) + 251)]


def test_a_topic_of_others_is_left_alone(bare: InProcess) -> None:
    admin, prefix = written(bare)
    admin.create_topics([NewTopic(f"{prefix}events", 1, 1)])[f"{prefix}events"].result(10)
    refused = bare.up("--skip-preview").failed()
    assert "events is there already and was not made by datakit; it was not touched" in refused.text


def test_a_topic_that_is_removed_is_made_and_filled_again(bare: InProcess) -> None:
    admin, prefix = written(bare)
    bare.up("--skip-preview").ok()
    admin.delete_topics([f"{prefix}events"])[f"{prefix}events"].result(10)

    bare.refresh().ok()
    bare.up("--skip-preview").ok()

    assert bare.rows(ROWS) == [(1000, 1000, (1000 * 1001 // 2) + 250)]
    assert bare.up().ok().operations == {}
