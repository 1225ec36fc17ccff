"""What a Technology may be able to do beside what each must, without a Store that is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.findings.fault import Fault

if TYPE_CHECKING:
    from sqlalchemy import Engine


@runtime_checkable
class HasSettings(Protocol):
    """A Technology whose DataSets have settings of their own, beside their columns."""

    def faults(self, dataset: BoundDataSet) -> Sequence[Fault]:
        """What is wrong with a DataSet as it is declared, each at its field; nothing is asked."""

    def reconfigured(self, before: BoundDataSet, after: BoundDataSet) -> Sequence[str]:
        """The statements that change settings, for people to read."""


@runtime_checkable
class MeasuresSize(Protocol):
    """A Technology that knows how large its Stores are."""

    def size(self, connection: Connection) -> int:
        """The bytes that the Store takes up; 0 where it is not there.

        Raises:
            StoreError: it cannot be looked at.
        """


@runtime_checkable
class Connects(Protocol):
    """A Technology whose Stores are named by one address, by which jobs reach them."""

    def dsn(self, connection: Connection) -> str:
        """The address of a Store, as its drivers read it; with its secrets, percent-encoded."""

    def connect(self, dsn: str) -> Any:
        """What the Store's own driver gives for an address: open, and the caller's to close.

        Raises:
            StoreError: the driver is not installed, or the Store cannot be reached.
        """


@runtime_checkable
class HoldsHistory(Protocol):
    """A Technology whose Stores can hold the history of Runs."""

    def history_engine(self, connection: Connection) -> Engine:
        """SQLAlchemy's engine for a Store; a session of it is opened when it is used."""
