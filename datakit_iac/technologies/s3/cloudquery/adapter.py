"""The specs of the CloudQuery source and destination of S3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.cloudquery_plugins.columns import declared
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.files import csv_options
from datakit_iac.technologies.files.cloudquery.adapter import quarantine, table
from datakit_iac.technologies.s3.layouts import unwritable
from datakit_iac.technologies.s3.tags import encoded


class S3SourceAdapter:
    """Objects as a source of rows."""

    executable = "datakit-source-s3"
    opens = "datakit_iac.technologies.s3.cloudquery:open_source"
    reading = frozenset(csv_options.OPTIONS)

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """A table for each pair."""
        more = quarantine(sync)
        return {
            "tables": [
                {**table(pair), **_store(pair.source.connection), "retention": pair.source.retention, **more}
                for pair in sync.pairs
            ]
        }

    def missing(self, dataset: BoundDataSet) -> Sequence[str]:
        """None: nothing of it is on this machine."""
        return []


class S3DestinationAdapter:
    """Objects as a destination of rows."""

    executable = "datakit-destination-s3"
    opens = "datakit_iac.technologies.s3.cloudquery:open_destination"

    def faults(self, sync: Sync) -> Sequence[str]:
        """Formats and notations that are not written, tests that do not run there, and patterns."""
        return [fault for target in sync.targets for fault in unwritable(target)]

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The Store, and how each output is written."""
        return {
            **_store(sync.targets[0].connection),
            "write_mode": sync.write_mode,
            "source": sync.transform,
            "run": sync.run,
            "outputs": {
                str(target.place): _output(target, target not in [pair.target for pair in sync.pairs])
                for target in sync.targets
            },
        }


def _store(connection: Connection) -> dict[str, Any]:
    return {"store": dict(connection.options), "secrets": dict(connection.secrets)}


def _output(target: BoundDataSet, is_quarantine: bool) -> dict[str, Any]:
    said = {name: target.options[name] for name in csv_options.OPTIONS if target.options.get(name) is not None}
    return {
        "dataset": target.name,
        "format": target.place.format or "parquet",
        "partition_by": list(target.partition_by),
        "retention": target.retention,
        "tags": encoded(target),
        "writers": target.writers,
        "quarantine": is_quarantine,
        "columns": declared(target),
        "csv": said,
    }
