"""The specs of the CloudQuery source and destination of S3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from datakit_iac.cloudquery_plugins.adapters import Sync
from datakit_iac.cloudquery_plugins.columns import declared
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.technologies.files import csv_options
from datakit_iac.technologies.files.cloudquery.adapter import quarantine, table
from datakit_iac.technologies.s3.layouts import unwritable
from datakit_iac.technologies.s3.tags import encoded

VARIABLES: Final = frozenset(
    {
        "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ENDPOINT_URL_STS", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_CA_BUNDLE",
    }
)  # fmt: skip
"""Those by which the SDK finds credentials (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html)."""


class S3SourceAdapter:
    """Objects as a source of rows."""

    executable = "datakit-source-s3"
    opens = "datakit_iac.technologies.s3.cloudquery:open_source"
    variables = VARIABLES
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
    variables = VARIABLES

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
