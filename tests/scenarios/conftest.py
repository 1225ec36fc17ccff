"""Every scenario is a user's story through the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.workspace import Workspace

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("engine")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A project with a DuckDB warehouse and one DataSet, `users`."""
    made = Workspace(tmp_path)
    made.write("project/platform.yaml", PLATFORM)
    made.write("project/users.yaml", USERS)
    return made


PLATFORM = """\
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: Connector
    metadata: {name: duckdb}
    spec: {type: duckdb, version: "1.0.0", capabilities: [source, destination]}
    ---
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: Store
    metadata: {name: warehouse}
    spec: {connector: duckdb, connection: {path: warehouse.duckdb}}
    ---
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: Environment
    metadata: {name: dev}
    spec:
      versions: ranges
      deletion: retain
    """

USERS = """\
    apiVersion: datakit.infoblox.dev/v1alpha1
    kind: DataSet
    metadata: {name: users}
    spec:
      store: warehouse
      table: public.users
      description: Everybody.
      classification: confidential
      schema:
        - {name: id, type: integer, primaryKey: true, pii: false}
        - {name: email, type: string, pii: true, description: Where to write to.}
    """
