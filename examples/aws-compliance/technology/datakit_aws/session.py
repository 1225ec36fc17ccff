"""An open Store of AWS accounts: it is read, and tells whether what is there has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import boto3

from datakit_aws.inventory import IncompleteError, Inventory
from datakit_aws.tables import TABLES
from datakit_iac.sdk.technologies import BoundDataSet, DataVersion, Place, StoreError, TableState


class AwsSession:
    """The tables of an inventory; nothing is kept, each question is asked of AWS."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def version(self) -> str:
        """That of the SDK, once every account was signed in to."""
        try:
            self._inventory.demand_accounts()
        except IncompleteError as fault:
            raise StoreError(str(fault)) from fault
        return str(boto3.__version__)

    def describe(self, place: Place) -> TableState | None:
        """The columns of a table."""
        table = TABLES.get(str(place).lower())
        return TableState(table.columns, is_empty=False) if table else None

    def count(self, place: Place) -> int:
        """How many rows there are."""
        return len(self._rows(place))

    def places(self, infix: str) -> list[Place]:
        """The tables whose names contain a text."""
        return [Place(table=name) for name in sorted(TABLES) if infix.lower() in name]

    def data_version(self, dataset: BoundDataSet) -> DataVersion | None:
        """A digest of all rows, in whatever order AWS gives them."""
        if str(dataset.place).lower() not in TABLES:
            return None
        rows = sorted(json.dumps(row, default=str, sort_keys=True) for row in self._rows(dataset.place))
        return DataVersion(hashlib.blake2b("\n".join(rows).encode(), digest_size=16).hexdigest())

    def _rows(self, place: Place) -> list[Mapping[str, Any]]:
        name = str(place).lower()
        try:
            return self._inventory.read([name])[name]
        except IncompleteError as fault:
            raise StoreError(str(fault)) from fault
