"""The Technology `kafka`: cheap to import, for the driver comes with the session."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.kafka import settings
from datakit_iac.technologies.kafka.connection import KafkaConnection
from datakit_iac.technologies.kafka.dsn import cluster, read, written
from datakit_iac.technologies.kafka.schemas import form_of, schema
from datakit_iac.technologies.kafka.wanted import topic_name, wanted
from datakit_iac.technologies.technology import Capabilities, StoreError

if TYPE_CHECKING:
    from datakit_iac.technologies.kafka.session import KafkaSession


class Kafka:
    """Topics of a Kafka cluster, or those whose names begin with a prefix."""

    name = "kafka"
    connection = KafkaConnection
    capabilities = Capabilities(places=("topic",))

    def check(self, connection: Connection, *, create: bool = False) -> list[Fault]:
        """What the model says, and files that cannot be read."""
        if faults := self.connection.faults(self.name, connection.options, connection.secrets):
            return faults
        said = {name: connection.options[name] for name in settings.FILES if connection.options.get(name)}
        return [
            Fault("invalid-connection", (name,), f"there is no file {path} that can be read")
            for name, path in said.items()
            if not os.access(Path(path).expanduser(), os.R_OK)
        ]

    def location(self, connection: Connection) -> str:
        """The addresses of the brokers, and the prefix of the topics."""
        prefix = settings.prefix(connection.options)
        return f"{self.name}:{settings.brokers(connection.options)}{f'/{prefix}' if prefix else ''}"

    def at(self, location: str) -> Connection:
        """The Store at these addresses."""
        brokers, _, prefix = location.partition(":")[2].partition("/")
        return Connection(self.name, {"brokers": brokers.split(","), **({"prefix": prefix} if prefix else {})})

    def dsn(self, connection: Connection) -> str:
        """Brokers, prefix and how they are spoken to; see `kafka.dsn`."""
        return written(connection)

    def connect(self, dsn: str) -> Any:
        """A `Cluster` whose brokers answer."""
        if lacking := settings.lacking():
            raise StoreError(lacking)
        from datakit_iac.technologies.kafka.client import client

        said = read(dsn)
        client(said)
        return cluster(said)

    def address(self, place: Place, connection: Connection) -> str:
        """The topic's name without the prefix."""
        return str(place)

    def canonical(self, data_type: DataType) -> DataType:
        """All types are kept as they are declared."""
        return data_type

    def faults(self, dataset: BoundDataSet) -> Sequence[Fault]:
        """A name that no topic can have; a format that messages do not have; a key or registry that is missing."""
        options, form = dataset.connection.options, dataset.place.format
        try:
            topic_name(options, dataset.place)
        except ValueError as fault:
            return [Fault("invalid-value", ("topic",), str(fault))]
        if form not in (None, "json", "avro"):
            return [Fault("invalid-value", ("format",), f"messages are not written as {form}; expected json or avro")]
        if form == "avro" and not options.get("schemaRegistry"):
            hint = "name it in the Store (`schemaRegistry`), or write `format: json`"
            return [Fault("invalid-value", ("format",), "Avro is read by a schema that a registry keeps", hint)]
        try:
            schema(form_of(dataset.place), dataset.name, dataset.columns)
        except ValueError as fault:
            return [Fault("invalid-value", ("schema",), str(fault))]
        cleanup, columns = wanted(dataset).config.get("cleanup.policy", ""), dataset.columns
        if "compact" in cleanup and columns and not any(column.primary_key for column in columns):
            message = f"a compacted topic keeps the last message of each key, and {dataset.name} has no primary key"
            return [Fault("invalid-value", ("topicSettings", "cleanup"), message, "declare primaryKey on its columns")]
        return []

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """What Kafka's own tools would be told; of a change of columns, what changes."""
        if changes is None:
            return wanted(dataset).statements(str(dataset.place))
        return [str(change) for change in changes]

    def reconfigured(self, before: BoundDataSet, after: BoundDataSet) -> Sequence[str]:
        """Partitions that are added, configuration that is set or taken back."""
        return wanted(after).altering(wanted(before), str(after.place))

    @contextmanager
    def open(self, connection: Connection, *, create: bool = False) -> Iterator[KafkaSession]:
        """Reach the brokers; there is nothing that could be made."""
        if lacking := settings.lacking():
            raise StoreError(lacking)
        from datakit_iac.technologies.kafka.session import KafkaSession

        with closing(KafkaSession(connection)) as session:
            yield session
