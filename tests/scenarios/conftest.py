"""Every scenario is a user's story through the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.pipeline import FILES
from tests.scenarios.workspace import Outcome, Workspace

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


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The project of `workspace` after its first `up`, with two rows, made once for all tests of a worker."""
    once = Workspace(tmp_path_factory.mktemp("made"))
    once.write("project/platform.yaml", PLATFORM)
    once.write("project/users.yaml", USERS)
    once.up("--skip-preview").ok()
    once.execute("INSERT INTO public.users VALUES (1, 'ann@x.io'), (2, 'bob@x.io')")
    return once


@pytest.fixture
def filled(made: Workspace, tmp_path: Path) -> Workspace:
    """The table exists and holds two rows."""
    return made.copied(tmp_path / "copy")


@pytest.fixture
def pipeline(tmp_path: Path) -> Workspace:
    """The project of `pipeline.py`, not applied yet."""
    made = Workspace(tmp_path)
    for path, text in FILES.items():
        made.write(f"project/{path}", text)
    return made


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Outcome]:
    """The same project, applied once for all tests of a worker."""
    made = Workspace(tmp_path_factory.mktemp("once"))
    for path, text in FILES.items():
        made.write(f"project/{path}", text)
    return made, made.up()


@pytest.fixture
def first_up(once: tuple[Workspace, Outcome]) -> Outcome:
    """What the first `up` of the applied project did."""
    return once[1].ok()


@pytest.fixture
def applied(once: tuple[Workspace, Outcome], first_up: Outcome, tmp_path: Path) -> Workspace:
    """The project of `pipeline.py` after its first `up`, copied to a place of its own, as a checkout may be moved."""
    return once[0].copied(tmp_path / "copy")


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
