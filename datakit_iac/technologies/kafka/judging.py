"""What a topic that is there cannot become, and where it is not as declared. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.values.duration import kept_seconds
from datakit_iac.technologies.evolution import plan
from datakit_iac.technologies.kafka.catalog import Topic
from datakit_iac.technologies.kafka.record import Record
from datakit_iac.technologies.kafka.wanted import wanted


def of_topic(topic: Topic | None, dataset: BoundDataSet) -> Iterator[str]:
    """What of partitions and copies cannot be changed in place."""
    asked = wanted(dataset)
    if topic is None:
        return
    if asked.partitions and asked.partitions < topic.partitions:
        yield (
            f"topic {topic.name} has {topic.partitions} partitions, and {asked.partitions} are declared: partitions are"
            f" never taken away; declare `partitions: {topic.partitions}`, or name another topic"
        )
    if asked.replication and asked.replication != topic.replication:
        yield (
            f"topic {topic.name} has {topic.replication} copies, and {asked.replication} are declared: reassign its"
            f" partitions by Kafka's own tools (kafka-reassign-partitions), or declare `replication:"
            f" {topic.replication}`"
        )


def of_columns(topic: Topic | None, record: Record | None, dataset: BoundDataSet) -> Iterator[str]:
    """What changes of columns the messages that are there do not fit, for they stay as they were written."""
    if topic is None or record is None or not topic.messages or not (record.columns and dataset.columns):
        return
    fix = "keep it as it was, or name another topic"
    for change in plan(record.columns, dataset.columns, canonical=lambda each: each):
        if change.kind in ("rename", "narrow", "require"):
            yield f"{change}, and the messages in topic {topic.name} stay as they were written: {fix}"
        if change.kind == "add" and change.after and change.after.required:
            yield (
                f"column {change.column} is added and must have a value, which the messages in topic {topic.name} do"
                " not have: declare it nullable"
            )


def drift(topic: Topic, record: Record | None, dataset: BoundDataSet) -> dict[str, Any]:
    """The properties of a DataSet that are not as declared, as they are there."""
    asked, said = wanted(dataset), dataset.topic_settings
    found: dict[str, Any] = {}
    settings = said.dumped() if said else {}
    if asked.partitions and asked.partitions != topic.partitions:
        settings["partitions"] = topic.partitions
    if asked.replication and asked.replication != topic.replication:
        settings["replication"] = topic.replication
    for name, value in asked.config.items():
        there = topic.effective.get(name)
        if there == value or there is None:
            continue
        if name == "retention.ms":
            found["retention"] = _duration(there)
        elif name == "cleanup.policy":
            settings["cleanup"] = there
        else:
            settings["config"] = {**settings.get("config", {}), name: there}
    if settings != (said.dumped() if said else {}):
        found["topicSettings"] = settings
    return found


def _duration(milliseconds: str) -> str:
    """As manifests say it; so long that it is for ever where it is unlimited."""
    number = int(milliseconds)
    if number < 0:
        return "P1000Y"
    if number % 86_400_000 == 0 and number:
        return f"{number // 86_400_000}d"
    text = f"{number}ms"
    kept_seconds(text)
    return text
