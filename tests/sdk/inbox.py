"""A technology of another package that builds on one of ours, as texts to put down: it, its suite, and an import."""

from __future__ import annotations

from typing import Final

POINTS: Final = {"datakit.technologies": {"inbox": "acme_technology:Inbox"}}

TECHNOLOGY: Final = '''\
"""The Technology `inbox`."""

from datakit_iac.sdk.technologies import Connection
from datakit_iac.technologies.files.factory import Files


class Inbox(Files):
    """Files that partners put down: as `files`, under a name of its own."""

    name = "inbox"

    def location(self, connection: Connection) -> str:
        """The folder, after this technology's name and not after that of the class above."""
        return f"{self.name}:{super().location(connection).partition(':')[2]}"
'''

SUITE: Final = r"""
import csv
from collections.abc import Iterable
from pathlib import Path

import pytest

from datakit_iac.sdk.technologies import Connection, Place
from datakit_iac.testing import TechnologyKit, TechnologySuite


class TestInbox(TechnologySuite):
    @pytest.fixture
    def kit(self, tmp_path: Path) -> TechnologyKit:
        def fill(place: Place, rows: Iterable[tuple[int, str]]) -> None:
            folder = tmp_path / "inbox" / str(place)
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "rows.csv").open("w", newline="") as file:
                csv.writer(file).writerows([("id", "name"), *sorted(rows)])

        inbox = Connection("inbox", {"path": str(tmp_path / "inbox")})
        return TechnologyKit(inbox, lambda name: Place(prefix=f"{name}/"), fill)
"""

IMPORT: Final = """\
from datakit_iac.testing import FUNCTIONS, TYPES, Lifecycle

with Lifecycle(TYPES, FUNCTIONS, project="shop", stack="dev") as lifecycle:
    orders = lifecycle.subject("datakit:index:DataSet", "orders")
    store = {"name": "partners", "technology": "inbox", "connection": {"path": "inbox"}}
    orders.up({"name": "orders", "store": store, "prefix": "orders/", "external": True})
    assert orders.id == "inbox:inbox#orders"
    assert lifecycle.subject("datakit:index:DataSet", "imported").adopt(orders.id)
"""
