"""What a Technology promises: to create, describe, alter and drop things in one kind of Store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from datakit_iac import installed
from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.findings.fault import Fault
from datakit_iac.findings.nearest import nearest
from datakit_iac.manifest.models.column import Column
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.manifest.values.place_kinds import PlaceKind
from datakit_iac.manifest.values.types import DataType
from datakit_iac.technologies.connection import ConnectionModel, described
from datakit_iac.technologies.evolution import Change
from datakit_iac.technologies.ownership import Mark

GROUP: Final = "datakit.technologies"


class StoreError(Exception):
    """A Store could not be reached or refused an operation; the text says which, and what to do."""


class StoreMissingError(StoreError):
    """A Store is not there at all."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a Technology can do, as data.

    Attributes:
        places: how its DataSets are addressed; the first is what the address in an ID means.
        single_writer: whether only one process at a time may have the Store open.
        pooled: whether several operations may use the Store at a time, each with a session that is kept for the next.
        embedded: whether a Store is made by opening it, so that its binding need not say `create`.
        keeps_schema: whether the Store itself knows its DataSets' columns, so that they can drift.
        enforces_keys: whether a primary key is a constraint of the Store, so that it can drift.
        keeps_order: whether a table's columns can be put in another order.
        keeps_tags: whether it keeps classification and personal data beside descriptions, so that they can drift.
        longest_name: how many bytes the name of a table or column may have; None where there is no limit.
        reader: the options of a connection that a DataSet may say for itself: how its content is read.
    """

    places: tuple[PlaceKind, ...]
    single_writer: bool = False
    pooled: bool = False
    embedded: bool = False
    keeps_schema: bool = True
    enforces_keys: bool = False
    keeps_order: bool = False
    keeps_tags: bool = False
    longest_name: int | None = None
    reader: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TableState:
    """A DataSet as it is found in its Store.

    Attributes:
        columns: what is there, without loaders' bookkeeping columns; empty where the Store keeps no schema.
        description: the table's own, without the mark.
        mark: whose it is; None where it carries no mark of ours.
        is_empty: whether there are no rows, or files in a Store of files; None where that was not asked.
        is_view: whether it holds no rows of its own: it is what a query gives, and only what made it can change it.
        classification: as it is kept there; None where it is not.
        grants: what each role that its connection names may do with it; None where nothing is granted there.
    """

    columns: tuple[Column, ...]
    description: str = ""
    mark: Mark | None = None
    is_empty: bool | None = True
    is_view: bool = False
    classification: str | None = None
    grants: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FailedTest:
    """A test that data did not pass: its name, its subject and how many rows fail."""

    test: str
    subject: str
    rows: int

    def __str__(self) -> str:
        """E.g. ``unique(id): 3 rows``."""
        return f"{self.test}({self.subject}): {self.rows} row{'s' if self.rows != 1 else ''}"


class Session(Protocol):
    """An open Store; what more it can do are its roles (`datakit_iac.technologies.roles`).

    Every method may raise `StoreError`.
    """

    def version(self) -> str:
        """The server's or library's version."""

    def describe(self, place: Place) -> TableState | None:
        """What is at a place; None where nothing is."""

    def count(self, place: Place) -> int:
        """How many rows there are, or files in a Store of files; asked for in a message only, for it may take long."""

    def places(self, infix: str) -> list[Place]:
        """Every place of the Store whose own name, without schema or folder, contains a text in whatever case."""


class Technology(Protocol):
    """One kind of Store. Importing and constructing one is cheap; drivers are imported by `open`."""

    name: str
    capabilities: Capabilities
    connection: type[ConnectionModel]

    def check(self, connection: Connection, *, create: bool = False) -> list[Fault]:
        """What is wrong with a connection, each at its field: what its model says, and what this machine shows.

        Nothing is touched. With `create`, `open` will make the Store where it is absent, so that its absence is no
        fault.
        """

    def location(self, connection: Connection) -> str:
        """What tells one Store from another: the same text for the same Store, without secrets."""

    def at(self, location: str) -> Connection:
        """The Store at a location, as far as the location tells; the inverse of `location`."""

    def address(self, place: Place, connection: Connection) -> str:
        """What tells one place of a Store from another: the same text for one place, however it is spelled."""

    def canonical(self, data_type: DataType) -> DataType:
        """The type that a column of `data_type` is read back as."""

    def ddl(self, dataset: BoundDataSet, changes: Iterable[Change] | None) -> list[str]:
        """The statements that create a DataSet (None) or carry out changes, for people to read and for `Session`."""

    def open(self, connection: Connection, *, create: bool = False) -> AbstractContextManager[Session]:
        """Open the Store, making it first where `create` says so.

        Raises:
            StoreMissingError: it is not there.
            StoreError: it cannot be reached, or is held by another process.
        """


def technologies() -> tuple[str, ...]:
    """The names of the installed Technologies."""
    return installed.names(GROUP)


def technology(name: str) -> Technology:
    """The installed Technology of that name.

    Raises:
        StoreError: there is none; the text names the nearest.
    """
    if not installed.has(GROUP, name):
        raise StoreError(f"no technology {name!r} is installed: {nearest(name, technologies())}")
    found: Technology = installed.made(GROUP, name)
    return found


def missing_driver(name: str, extra: str, fault: ImportError) -> str:
    """What to install where the driver of a technology cannot be imported.

    Args:
        name: the technology, as people call it.
        extra: the extra of this package that brings the driver.
        fault: the import that failed.
    """
    return f"{name} needs a driver that is not installed ({fault.name}): pip install 'datakit-iac[{extra}]'"


def connection_model(name: str) -> type[ConnectionModel] | None:
    """The model of a technology's connection; None where neither it nor its fields are installed."""
    return technology(name).connection if installed.has(GROUP, name) else described(name)


def reader_faults(dataset: BoundDataSet) -> list[Fault]:
    """What its Store's technology finds wrong with how a DataSet asks to be read.

    Raises:
        StoreError: that technology is not installed.
    """
    found, connection = technology(dataset.connection.technology), dataset.connection
    if not dataset.reader:
        return []
    known, already = found.capabilities.reader, found.check(connection, create=True)
    if not known:
        message = f"a DataSet in {found.name} has no reader: its content is read in one way only"
        return [Fault("invalid-reader", (), message)]
    faults = [
        Fault("invalid-reader", (name,), f"unknown reader option {name!r}", nearest(name, known))
        for name in sorted(dataset.reader.keys() - known)
    ]
    said = {name: value for name, value in dataset.reader.items() if name in known}
    merged = Connection(connection.technology, {**connection.options, **said}, connection.secrets)
    return faults + [each for each in found.check(merged, create=True) if each not in already]


def address(dataset: BoundDataSet) -> str:
    """What tells a DataSet's place from others in its Store, however it is spelled.

    Raises:
        StoreError: its technology is not installed.
    """
    return technology(dataset.connection.technology).address(dataset.place, dataset.connection)


def location(dataset: BoundDataSet) -> str:
    """What tells a DataSet's Store from others, however its connection is spelled.

    Raises:
        StoreError: its technology is not installed.
    """
    return technology(dataset.connection.technology).location(dataset.connection)


def place_id(dataset: BoundDataSet) -> str:
    """What tells a DataSet's place from every other, however it is spelled: ``duckdb:warehouse.duckdb#raw.users``.

    Raises:
        StoreError: its technology is not installed.
    """
    return f"{location(dataset)}#{address(dataset)}"
