"""The Technology `aws` and its CloudQuery source; cheap to import, for the SDK comes with the session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from datakit_aws.connection import AwsConnection
from datakit_aws.tables import TABLES
from datakit_iac.sdk.cloudquery import Sync, declared
from datakit_iac.sdk.technologies import (
    BoundDataSet,
    Capabilities,
    Change,
    Connection,
    DataType,
    Fault,
    Place,
    revealed,
)

if TYPE_CHECKING:
    from datakit_aws.session import AwsSession


class Aws:
    """What is in AWS accounts; read, and never written."""

    name = "aws"
    capabilities = Capabilities(places=("table",))
    connection = AwsConnection

    def check(self, connection: Connection, *, create: bool = False) -> list[Fault]:
        """What the model says; no account is asked."""
        return self.connection.faults(self.name, connection.options, connection.secrets)

    def location(self, connection: Connection) -> str:
        """The accounts, and the endpoint where it is not AWS's own; another region is the same Store."""
        ids = sorted(account["id"] for account in connection.options["accounts"])
        endpoint = connection.options.get("endpoint")
        return f"{self.name}:{','.join(ids)}" + (f"@{endpoint}" if endpoint else "")

    def at(self, location: str) -> Connection:
        """The accounts; how they are signed in to, and their regions, the location does not tell."""
        ids, _, endpoint = location.partition(":")[2].partition("@")
        options: dict[str, Any] = {"accounts": [{"id": each} for each in ids.split(",")], "regions": ["us-east-1"]}
        return Connection(self.name, options | ({"endpoint": endpoint} if endpoint else {}))

    def address(self, place: Place, connection: Connection) -> str:
        """The table's name."""
        return str(place).lower()

    def canonical(self, data_type: DataType) -> DataType:
        """Nothing is kept, so nothing is read back as another type."""
        return data_type

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """Nothing is made."""
        return []

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[AwsSession]:
        """Nothing is asked yet."""
        from datakit_aws.inventory import inventory
        from datakit_aws.session import AwsSession

        given = {**connection.options, **{name: revealed(each) for name, each in connection.secrets.items()}}
        yield AwsSession(inventory(AwsConnection.model_validate(given)))


class AwsSource:
    """How CloudQuery reads it."""

    executable = "datakit-source-aws"
    reading = frozenset[str]()
    variables = frozenset(
        {
            "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
            "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
            "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "AWS_EC2_METADATA_DISABLED", "AWS_CA_BUNDLE",
        }
    )  # fmt: skip
    """Those by which the SDK signs in (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html)."""

    def spec(self, sync: Sync) -> Mapping[str, Any]:
        """The accounts, and a table for each pair."""
        connection = sync.pairs[0].source.connection
        tables = [
            {"name": str(pair.target.place), "reads": str(pair.source.place).lower(), "columns": declared(pair.target)}
            for pair in sync.pairs
        ]
        quarantine = str(sync.quarantine.target.place) if sync.quarantine else None
        return {"connection": {**connection.options, **connection.secrets}, "tables": tables, "quarantine": quarantine}

    def missing(self, dataset: BoundDataSet) -> Sequence[str]:
        """A table that no inventory has."""
        if str(dataset.place).lower() in TABLES:
            return []
        return [f"{dataset.name}: there is no table {dataset.place}; the tables of aws are {', '.join(sorted(TABLES))}"]
