"""The specs of the CloudQuery plugins of Kafka."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.values.write_mode import APPEND, OVERWRITE
from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.kafka.wanted import topic_name


class KafkaSourceAdapter:
    """Topics as a source of rows."""

    executable = "datakit-source-kafka"
    opens = "datakit_iac.technologies.kafka.cloudquery:open_source"
    reading: frozenset[str] = frozenset()

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """A table for each pair, of the columns of its output."""
        refused = sync.quarantine
        more = {"quarantine": {"table": str(refused.target.place), "max": refused.max}} if refused else {}
        tables = [_table(pair.source, str(pair.target.place), pair.target.columns) | more for pair in sync.pairs]
        return {"connection": _connection(sync.pairs[0].source), "tables": tables}

    def missing(self, dataset: BoundDataSet) -> Sequence[str]:
        """The driver; what it reads is not on this machine."""
        return [said] if (said := settings.lacking()) else []


class KafkaDestinationAdapter:
    """Topics as a destination of rows."""

    executable = "datakit-destination-kafka"
    opens = "datakit_iac.technologies.kafka.cloudquery:open_destination"

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """A table for each output."""
        return {
            "connection": _connection(sync.targets[0]),
            "tables": [_table(each, str(each.place), each.columns) for each in sync.targets],
            "write_mode": sync.write_mode,
            "source": sync.transform,
            "run": sync.run,
        }

    def faults(self, sync: Sync) -> Sequence[str]:
        """A way of writing that a topic does not have, since nothing in it is replaced or removed; or no driver."""
        if said := settings.lacking():
            return [said]
        if sync.write_mode == APPEND:
            return ()
        if sync.write_mode == OVERWRITE:
            targets = (pair.target for pair in sync.pairs)
            lasting = [each.name for each in targets if not _is_compacted(each)]
            return [
                f"writeMode overwrite: the topic of {name} keeps every message of a key; declare `topicSettings:"
                " {cleanup: compact}` on its DataSet, or write by append"
                for name in lasting
            ]
        return [
            f"writeMode {sync.write_mode} removes rows, which no topic does: write `writeMode: append`, or `overwrite`"
            " to a compacted topic"
        ]


def _is_compacted(dataset: BoundDataSet) -> bool:
    said = dataset.topic_settings
    return bool(said and said.cleanup and "compact" in said.cleanup)


def _connection(dataset: BoundDataSet) -> dict[str, Any]:
    return {**dataset.connection.options, **dataset.connection.secrets}


def _table(dataset: BoundDataSet, name: str, columns: Sequence[Column]) -> dict[str, Any]:
    return {
        "name": name,
        "topic": topic_name(dataset.connection.options, dataset.place),
        "dataset": dataset.name,
        "format": dataset.place.format or "json",
        "columns": [
            {"name": column.name, "type": str(column.type), "required": column.required, "key": column.primary_key}
            for column in columns
        ],
    }
