"""What the conformance suite needs to know of a technology, and the mark and the rows that it writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import Technology, technology

Rows = Sequence[tuple[int, str]]
"""Rows of the columns `id` and `name`."""

MARK: Final = Mark(stack="shop/dev", dataset="users", generation="1f")
ROWS: Final[Rows] = [(1, "ann"), (2, "bob"), (2, "bob"), (3, 'o\'hara\n"q"')]


@dataclass(frozen=True)
class TechnologyKit:
    """What the suite needs to know of a technology.

    Attributes:
        connection: a Store that is not there yet, and that `open(…, create=True)` makes.
        place: the place of a name in it.
        fill: puts rows of `id` and `name` where a place is, instead of those that are there; makes it where it is not,
            by the technology's own means, as another tool would.
        is_made: whether `open(…, create=True)` makes the Store; else its server exists before.
    """

    connection: Connection
    place: Callable[[str], Place]
    fill: Callable[[Place, Rows], None]
    is_made: bool = True

    @property
    def technology(self) -> Technology:
        """The technology under test, as it is installed."""
        return technology(self.connection.technology)

    def dataset(self, name: str = "users", **more: Any) -> BoundDataSet:
        """A DataSet at the place of a name, with the columns `id` and `name`."""
        columns = (Column(name="id", type=DataType.parse("bigint")), Column(name="name", type=DataType.parse("text")))
        given = {"name": "users", "store": "store", "columns": columns, "description": "All users.", **more}
        return BoundDataSet(connection=self.connection, place=self.place(name), **given)
