"""What an open Store may be able to do, each ability asked for where it is used.

A technology's session has the roles that its kind of Store allows: those of S3 alter no schema and run no tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.technologies.data_version import DataVersion
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.looking import Profile, Sample
from datakit_iac.technologies.ownership import Mark
from datakit_iac.technologies.technology import FailedTest, Session, StoreError, TableState
from datakit_iac.technologies.technology_roles import Connects, MeasuresSize


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
class Drops(Protocol):
    """Removes data."""

    def drop(self, place: Place) -> None:
        """Remove what is at a place, with its data."""


@runtime_checkable
class Discards(Drops, Protocol):
    """Puts data aside, too."""

    def rename(self, place: Place, name: str) -> None:
        """Give what is at a place another name beside it."""


@runtime_checkable
class Foresees(Protocol):
    """Tells before a change what prevents it."""

    def refusals(self, dataset: BoundDataSet) -> Sequence[str]:
        """Why what is there cannot be made, or cannot become as declared, each with the fix; nothing is touched."""


@runtime_checkable
class Rewrites(Protocol):
    """Puts the columns of a table in another order, by a copy that takes its place."""

    def demand_rewritable(self, place: Place) -> None:
        """Nothing would be lost that others made of a table.

        Raises:
            StoreError: something would; it is named.
        """


@runtime_checkable
class VersionsData(Protocol):
    """Tells whether data has changed."""

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        """The version of the data with its columns' names and types; None where nothing is there.

        A digest is the same for the same rows and columns in any order.
        """


@runtime_checkable
class RunsDataTests(Protocol):
    """Tests data where it is."""

    def violations(self, dataset: BoundDataSet) -> list[FailedTest]:
        """The tests of the contract that the data does not pass."""


@runtime_checkable
class ReadsRows(Protocol):
    """Lets people look at data. Nothing is changed by it, and of personal data no value is seen unless it is asked for.

    Which columns are personal data the contract says; `datakit_iac.technologies.looking` masks them.
    """

    def sample(self, dataset: BoundDataSet, *, limit: int, where: str = "", show_pii: bool = False) -> Sample:
        """Some rows, at most `limit`; with `where`, those for which an expression over the columns is true.

        Raises:
            StoreError: nothing is there, or the expression is none or names what is masked.
        """

    def profile(self, dataset: BoundDataSet, *, show_pii: bool = False) -> Profile:
        """What each column is like; of one that is masked, no value.

        Raises:
            StoreError: nothing is there.
        """


@runtime_checkable
class CountsSyncs(Protocol):
    """Counts the rows of CloudQuery's syncs, which stamp them with their time."""

    def synced(self, place: Place, time: str) -> tuple[int, int]:
        """How many rows a sync wrote, and how many there are.

        Args:
            place: the table.
            time: the sync's, as ISO 8601 with an offset.
        """


@runtime_checkable
class ReadsCatalog(Protocol):
    """Reads what all places are at once, for those who ask for many."""

    def recent(self, place: Place) -> TableState | None:
        """What was at a place a moment ago, as far as the catalog tells: not whether it is empty."""


@runtime_checkable
class Interruptible(Protocol):
    """Can be stopped by another thread."""

    def interrupt(self) -> None:
        """End what is asked of the Store now, which then fails."""


@runtime_checkable
class ShowsKeys(Protocol):
    """Knows the primary keys of tables that others made; what a contract promises is not one."""

    def primary_key(self, place: Place) -> frozenset[str]:
        """The columns of a table's primary key, in lower case."""


@runtime_checkable
class Configures(Protocol):
    """Sets up a Store that it makes."""

    def configure(self) -> None:
        """Bring the Store's own settings to what its connection says."""

    def configured(self) -> Mapping[str, Any]:
        """The options of the connection that the Store has otherwise, each as it is."""


@runtime_checkable
class KeepsTerms(Protocol):
    """Keeps what a contract says beside its schema: for how long, how closely."""

    def terms(self, dataset: BoundDataSet) -> Mapping[str, Any]:
        """What is kept otherwise than the contract says, by the names of a DataSet's inputs."""


@runtime_checkable
class TellsNotes(Protocol):
    """Cannot do all that is asked in every Store, and says so."""

    def notes(self) -> list[str]:
        """What was left undone since this was last asked, each one sentence."""


Role = TypeVar("Role")

_LACKING: Final[dict[Any, str]] = {
    AltersSchema: "cannot make or alter DataSets; declare it as `external`, or bind its Store to another technology",
    Discards: "cannot put data aside or remove it; do so with its own tools",
    VersionsData: "cannot tell whether data has changed, so no Run can follow from it",
    RunsDataTests: "cannot test data; put the tests on the DataSet it is loaded into",
    CountsSyncs: "cannot count the rows of a sync",
    ReadsRows: "cannot show rows; look at them with its own tools",
    Connects: "has no address by which jobs could reach it",
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


def recent(session: Session, place: Place) -> TableState | None:
    """What is at a place, to look at and not to act upon; of many places, all are read together where that is possible.

    Raises:
        StoreError: it cannot be told.
    """
    return session.recent(place) if isinstance(session, ReadsCatalog) else session.describe(place)


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
