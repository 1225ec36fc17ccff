"""What is written into topics is read from them again, once."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from datakit_iac.cloudquery_plugins.servicers import PluginFault
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import TopicSettings
from datakit_iac.manifest.values.types import DataType
from tests.technologies.kafka.conftest import Topics, columns

EVERY: dict[str, Any] = {
    "boolean": True,
    "smallint": -32768,
    "integer": 2147483647,
    "bigint": -(1 << 63),
    "float": 0.5,
    "double": 1e300,
    "decimal(20,4)": Decimal("1234567890123456.7891"),
    "string": 'o\'hara\n"q" é',
    "binary": b"\x00\xff",
    "date": date(2024, 2, 29),
    "time": time(23, 59, 59, 123456),
    "timestamp": datetime(1969, 12, 31, 23, 59, 59, 999999),
    "timestamptz": datetime(2024, 2, 29, 12, tzinfo=UTC),
    "json": b'{"a": [1, 2.5, null]}',
    "uuid": bytes(range(16)),
    "array<bigint>": [1, None, 3],
    "array<timestamp>": [datetime(2024, 1, 1)],
}


def every(topics: Topics, form: str) -> Any:
    said = [f"c{number} {kind}" for number, kind in enumerate(EVERY)]
    return topics.made(form=form, columns=columns("*id bigint", *said))


@pytest.mark.parametrize("form", ["json", "avro"])
def test_every_type_comes_back_as_it_went(registered: Topics, form: str) -> None:
    dataset = every(registered, form)
    rows = [(1, *EVERY.values()), (2, *(None for _ in EVERY))]

    registered.loaded(dataset, rows)

    assert sorted(registered.read(dataset)) == rows


def test_messages_without_a_registry_are_plain_json_with_their_key(topics: Topics) -> None:
    topics.loaded(topics.made(), [(1, "ann"), (2, None)])
    assert sorted(topics.values()) == [b'{"id":1,"name":"ann"}', b'{"id":2,"name":null}']


def test_nobody_sees_half_a_load(topics: Topics) -> None:
    dataset = topics.made()
    load = topics.load(dataset, [(1, "ann")])
    assert topics.values() == []
    load.abandon()
    assert topics.values() == []
    assert topics.read(dataset) == []


def test_a_run_that_is_tried_again_adds_nothing(topics: Topics, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = topics.made()
    topics.loaded(dataset, [(1, "ann"), (2, "bob")])
    capsys.readouterr()

    topics.loaded(dataset, [(1, "ann"), (2, "bob")])

    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert said[-1]["datakit"] == {"kind": "result", "table": "users", "rows": 2}
    assert "2 rows are there from an earlier try" in said[-2]["message"]
    assert len(topics.values()) == 2


def test_a_try_that_never_ended_is_ended_by_the_next_one(topics: Topics) -> None:
    dataset = topics.made()
    topics.load(dataset, [(1, "lost")])  # as if it had been killed: neither committed nor abandoned

    topics.loaded(dataset, [(1, "ann")])

    assert topics.values() == [b'{"id":1,"name":"ann"}']


def test_another_run_adds_its_rows(topics: Topics) -> None:
    dataset = topics.made()
    topics.loaded(dataset, [(1, "ann")])
    topics.loaded(dataset, [(2, "bob")], run="2a")
    assert len(topics.values()) == 2


def test_the_mark_tells_the_last_run_of_each_transform(topics: Topics) -> None:
    dataset = topics.made()
    topics.loaded(dataset, [(1, "ann")])
    topics.loaded(dataset, [(2, "bob")], source="other", run="2a")
    with topics.open() as session:
        live = session.describe(dataset.place)
    assert live is not None
    assert live.mark is not None
    assert {each.transform: each.run for each in live.mark.runs} == {"load": "1f", "other": "2a"}


def test_only_the_last_message_of_a_key_is_read_of_a_compacted_topic(topics: Topics) -> None:
    dataset = topics.made(topic_settings=TopicSettings(cleanup="compact", partitions=3))
    topics.loaded(dataset, [(1, "ann"), (2, "bob"), (3, "eve")])
    topics.loaded(dataset, [(2, "bea")], run="2a", write_mode="overwrite")
    topics.send("users", None, keys=['{"id":3}'])
    assert sorted(topics.read(dataset)) == [(1, "ann"), (2, "bea")]


def test_what_comes_while_it_is_read_is_left_for_the_next_run(topics: Topics) -> None:
    from datakit_iac.cloudquery_plugins import wire
    from datakit_iac.technologies.kafka.cloudquery.source import KafkaSource

    dataset = topics.made()
    topics.send("users", {"id": 1}, {"id": 2})
    source = KafkaSource(topics.spec(dataset))
    topics.send("users", {"id": 3})
    rows = [batch.num_rows for each in source.batches() for batch in wire.decode_batches(each)]
    assert sum(rows) == 2


MISFITS = [
    ("bigint", '{"id": 1, "value": 1.5}', "Decimal|1.5"),
    ("bigint", '{"id": 1, "value": "1"}', "'1' is not a bigint"),
    ("smallint", '{"id": 1, "value": 32768}', "32768 is not a smallint"),
    ("decimal(4,2)", '{"id": 1, "value": 1.234}', "1.234"),
    ("decimal(4,2)", '{"id": 1, "value": 100.25}', "100.25"),
    ("string", '{"id": 1, "value": 1}', "1 is not a string"),
    ("timestamp", '{"id": 1, "value": "2024-01-01T00:00:00+01:00"}', "is not a timestamp"),
    ("timestamp", '{"id": 1, "value": "2024-01-01T00:00:00.1234567"}', "is not a timestamp"),
    ("date", '{"id": 1, "value": "2024-01-01T10:00:00"}', "is not a date"),
    ("double", '{"id": 1, "value": NaN}', "not JSON"),
    ("bigint", '{"value": 1}', "column id: no value"),
    ("bigint", "no json", "not JSON"),
    ("bigint", "[1]", "expected an object"),
    ("bigint", None, "not JSON"),
]


@pytest.mark.parametrize(("kind", "message", "told"), MISFITS)
def test_a_message_that_does_not_fit_is_refused_with_its_place(
    topics: Topics, kind: str, message: str, told: str
) -> None:
    dataset = topics.made(columns=columns("*id bigint", f"value {kind}"))
    topics.send("users", '{"id": 7}', message)
    with pytest.raises(PluginFault, match=rf"users/\d, offset \d: (.|\n)*({told})"):
        topics.read(dataset)


def test_messages_that_do_not_fit_go_to_the_quarantine_up_to_its_limit(topics: Topics) -> None:
    dataset = topics.made(topic_settings=TopicSettings(partitions=1))
    topics.send("users", {"id": 1, "name": "ann"}, {"id": "x"}, {"id": 2})

    rows = topics.read(dataset, quarantine={"table": "rejected", "max": "34%"})

    place = f"{topics.prefix}users/0"
    assert rows == [(1, "ann"), (2, None), (place, 1, "id", "column id: 'x' is not a bigint", '{"id": "x"}')]
    with pytest.raises(PluginFault, match="1 of 3 messages do not fit, and at most 33% may go to rejected"):
        topics.read(dataset, quarantine={"table": "rejected", "max": "33%"})


def test_fields_that_nobody_declared_are_left_out_and_told(topics: Topics, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = topics.made()
    topics.send("users", {"ID": 1, "Name": "ann", "age": 7})
    assert topics.read(dataset) == [(1, "ann")]
    assert "left out: age" in capsys.readouterr().out


def test_a_topic_that_is_gone_is_named(topics: Topics) -> None:
    dataset = topics.dataset()
    for do in (lambda: topics.read(dataset), lambda: topics.loaded(dataset, [(1, "ann")])):
        with pytest.raises(PluginFault, match=f"there is no topic {topics.prefix}users in Kafka 127.0.0.1:"):
            do()


def test_no_row_can_be_removed(topics: Topics) -> None:
    load = topics.load(topics.made(), [])
    with pytest.raises(PluginFault, match="no row of a topic can be removed"):
        load.delete_stale("users", "load", datetime.now(UTC))
    load.abandon()


def test_of_a_topic_the_newest_messages_are_seen_and_none_that_does_not_fit(
    topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datakit_iac.technologies.kafka.looking.MOST", 100)
    email = Column(name="email", type=DataType.parse("integer"), pii=True)
    dataset = topics.made(columns=(*columns("*id bigint"), email), topic_settings=TopicSettings(partitions=2))
    numbers = range(500)
    messages = ({"id": number, "email": number, "more": 1} for number in numbers)
    topics.send("users", *messages, keys=[str(number) for number in numbers])
    topics.send("users", {"id": 500, "email": "ann@example.com"})

    with topics.open() as session:
        found = session.sample(dataset, limit=5)
        chosen = session.sample(dataset, limit=500, where="id >= 0")
        profile = session.profile(dataset)

    assert (len(found.rows), {row[1] for row in found.rows}) == (5, {"***"})
    assert 90 <= len(chosen.rows) <= 100
    assert min(row[0] for row in chosen.rows) > 300
    told = " ".join(chosen.notes)
    assert "of about 501 messages" in told
    assert "1 messages that are not as the contract says" in told
    assert "more" in told
    assert "ann@" not in told
    assert (profile.rows, profile.columns[1].smallest) == (len(chosen.rows), None)


def test_of_a_compacted_topic_the_last_message_of_each_key_is_seen(topics: Topics) -> None:
    dataset = topics.made(topic_settings=TopicSettings(cleanup="compact"))
    messages = ({"id": key, "name": name} for key, name in ((1, "ann"), (2, "bob"), (1, "zoe")))
    topics.send("users", *messages, None, keys=["1", "2", "1", "2"])

    with topics.open() as session:
        assert list(session.sample(dataset, limit=5).rows) == [(1, "zoe")]
        assert list(session.sample(topics.dataset(columns=()), limit=5).rows) == [('{"id": 1, "name": "zoe"}',)]
