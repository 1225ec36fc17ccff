"""A DataSet together with the concrete Store it is in: what technologies and runtimes work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datakit_iac.contract.connection import Connection
from datakit_iac.manifest.models.column import Column, Test
from datakit_iac.manifest.models.dataset import Place, TopicSettings


@dataclass(frozen=True, slots=True)
class BoundDataSet:
    """A data contract and the place where it is kept.

    Attributes:
        name: the DataSet's name.
        store: the Store's name.
        connection: how its Store is reached.
        place: the table, prefix or topic.
        columns: the declared schema; empty where the manifest leaves it to the technology to infer.
        description: what the data means, for people.
        tests: those of the DataSet as a whole; each column carries its own.
        writers: the Transforms that write it; None where that is not known, as in a program without a Platform.
        reader: how its content is read, over what its Store says of that.
        partition_by: the columns by whose values files are kept apart.
        classification: how its data must be handled.
        retention: how long it is kept.
        topic_settings: how its topic is kept, over what its Store says of that; None where nothing is said.
    """

    name: str
    store: str
    connection: Connection
    place: Place
    columns: tuple[Column, ...] = ()
    description: str = ""
    tests: tuple[Test, ...] = ()
    writers: tuple[str, ...] | None = None
    reader: Mapping[str, Any] = field(default_factory=dict)
    partition_by: tuple[str, ...] = ()
    classification: str | None = None
    retention: str = ""
    topic_settings: TopicSettings | None = None

    @property
    def options(self) -> Mapping[str, Any]:
        """Those of the connection, as this DataSet means them."""
        return {**self.connection.options, **self.reader}

    @property
    def reference(self) -> DataSetReference:
        """The DataSet without its contract and without the way to its Store."""
        return DataSetReference(self.name, self.store, self.place)


@dataclass(frozen=True, slots=True)
class DataSetReference:
    """What code that names a DataSet must know of it, and no more: no contract, no connection, no secret.

    Attributes:
        name: the DataSet's name.
        store: the Store's name.
        place: the table, prefix or topic.
    """

    name: str
    store: str
    place: Place
