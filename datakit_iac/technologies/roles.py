"""What an open Store may be able to do, each ability asked for where it is used.

A technology's session has the roles that its kind of Store allows: those of S3 alter no schema and run no tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeVar, runtime_checkable

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import FailedTest, StoreError


@dataclass(frozen=True, slots=True)
class DataVersion:
    """A text that is another one where the data is.

    >>> str(DataVersion("1f2a")), str(DataVersion("42", "token"))
    ('1f2a', 'token:42')

    Attributes:
        value: the text.
        kind: ``digest`` of the content, the same for the same content; or a ``token`` that costs nothing (an etag,
            offsets, when it was last altered), which may be another one though the content is the same.
    """

    value: str
    kind: Literal["digest", "token"] = "digest"

    def __str__(self) -> str:
        """As it is recorded."""
        return self.value if self.kind == "digest" else f"{self.kind}:{self.value}"


@runtime_checkable
class AltersSchema(Protocol):
    """Makes and alters DataSets. Each method that writes does all or nothing."""

    def create(self, dataset: BoundDataSet, mark: Mark) -> None:
        """Make an empty DataSet with its schema, descriptions and mark, in one step."""

    def alter(self, dataset: BoundDataSet, changes: Sequence[Change], mark: Mark) -> None:
        """Carry out changes and write description and mark, in one step.

        A value that does not fit a narrower type stops it, unless the change says that it may be lost. Of a view only
        descriptions are changed.
        """

    def misfits(self, place: Place, change: Change) -> int:
        """How many values do not fit the narrower type of a change."""


@runtime_checkable
class Discards(Protocol):
    """Puts data aside and removes it."""

    def rename(self, place: Place, name: str) -> None:
        """Give what lies at a place another name beside it."""

    def drop(self, place: Place) -> None:
        """Remove what lies at a place, with its data."""


@runtime_checkable
class VersionsData(Protocol):
    """Tells whether data has changed."""

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        """The version of the data with its columns' names and types; None where nothing is there.

        A digest is the same for the same rows and columns in any order.
        """


@runtime_checkable
class RunsDataTests(Protocol):
    """Tests data where it lies."""

    def violations(self, dataset: BoundDataSet) -> list[FailedTest]:
        """The tests of the contract that the data does not pass."""


@runtime_checkable
class ShowsKeys(Protocol):
    """Knows the primary keys of tables that others made; what a contract promises is not one."""

    def primary_key(self, place: Place) -> frozenset[str]:
        """The columns of a table's primary key, in lower case."""


@runtime_checkable
class MeasuresSize(Protocol):
    """A Technology that knows how large its Stores are."""

    def size(self, connection: Connection) -> int:
        """The bytes that the Store takes up; 0 where it is not there.

        Raises:
            StoreError: it cannot be looked at.
        """


Role = TypeVar("Role")

_LACKING: Final[dict[Any, str]] = {
    AltersSchema: "cannot make or alter DataSets; declare it as `external`, or bind its Store to another technology",
    Discards: "cannot put data aside or remove it; do so with its own tools",
    VersionsData: "cannot tell whether data has changed, so no Run can follow from it",
    RunsDataTests: "cannot test data; put the tests on the DataSet it is loaded into",
    MeasuresSize: "cannot tell how large a Store is; leave `quotas.storage` out",
}


def role(able: object, wanted: type[Role], technology: str) -> Role:
    """A session or Technology, as what has an ability.

    Args:
        able: the session or Technology.
        wanted: the ability, a protocol of this module.
        technology: the technology's name.

    Raises:
        StoreError: it has not.
    """
    if isinstance(able, wanted):
        return able
    raise StoreError(f"{technology} {_LACKING[wanted]}")


def data_tests(session: object, dataset: BoundDataSet) -> list[FailedTest]:
    """The tests of a DataSet that its data does not pass; none where it has no tests.

    Raises:
        StoreError: it has tests, and its technology cannot run them.
    """
    if isinstance(session, RunsDataTests):
        return session.violations(dataset)
    if dataset.tests or any(column.tests for column in dataset.columns):
        raise StoreError(
            f"tests of {dataset.name} cannot run on {dataset.connection.technology}; put them on the DataSet they are"
            " loaded into"
        )
    return []


def version_of(session: object, dataset: BoundDataSet) -> str:
    """The version of a DataSet's data as it is recorded; empty where nothing is there.

    Raises:
        StoreError: it cannot be told.
    """
    found = role(session, VersionsData, dataset.connection.technology).data_version(dataset)
    return str(found) if found else ""
