"""A Technology whose Stores are SQL databases, as far as all of them are alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.findings.fault import Fault
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.connection import ConnectionModel
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.sql import ddl
from datakit_iac.technologies.sql.dialect import Dialect
from datakit_iac.technologies.steps import Step


class SqlTechnology:
    """What a dialect and the model of a connection tell; `name`, `capabilities`, `location`, `at` and `open` are added.

    Attributes:
        name: of the technology.
        dialect: how the database spells things.
        connection: the model of a connection.
    """

    name: str
    dialect: ClassVar[Dialect]
    connection: type[ConnectionModel]

    def check(self, connection: Connection, *, create: bool = False) -> list[Fault]:
        """What the model of the connection says."""
        return self.connection.faults(self.name, connection.options, connection.secrets)

    def spoken(self, connection: Connection) -> Dialect:
        """How the database of one Store spells things."""
        return self.dialect

    def address(self, place: Place, connection: Connection) -> str:
        """Schema and table, the schema left out where it is the default; upper and lower case are the same."""
        return self.spoken(connection).address(place)

    def canonical(self, data_type: DataType) -> DataType:
        """What the database keeps of a type."""
        return self.dialect.read(self.dialect.write(data_type))

    def steps(self, dataset: BoundDataSet, changes: Iterable[Change]) -> list[Step]:
        """What carries out each change."""
        return [
            Step(
                change,
                tuple(self.ddl(dataset, [change])),
                "rewrite" if change.kind == "reorder" else "in place",
                self.lock(change),
            )
            for change in changes
        ]

    def lock(self, change: Change) -> str:
        """What a change keeps others waiting with; nothing is known here."""
        return ""

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """`CREATE TABLE`, or what carries out each change."""
        dialect = self.spoken(dataset.connection)
        if changes is None:
            return ddl.create(dialect, dataset)
        return ddl.alter(dialect, dataset.place, changes)
