"""A served provider, and a project folder of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.testing.lifecycle import Lifecycle, Subject
from tests.lifecycle.warehouse import Warehouse


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def warehouse(lifecycle: Lifecycle) -> Warehouse:
    """A DuckDB Store that is there and empty."""
    made = Warehouse()
    lifecycle.subject("datakit:index:Store", "warehouse").up(made.store)
    return made


@pytest.fixture
def users(lifecycle: Lifecycle, warehouse: Warehouse) -> Subject:
    """The DataSet `users`, not yet created."""
    return lifecycle.subject("datakit:index:DataSet", "users")


@pytest.fixture
def filled(users: Subject, warehouse: Warehouse) -> Subject:
    """The DataSet `users`, created, with two rows."""
    users.up(warehouse.users())
    warehouse.run("INSERT INTO raw.users VALUES (1, 'ann'), (2, 'bob')")
    return users
