"""A served provider whose syncs run in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from datakit_iac.provider.registry import FUNCTIONS, TYPES
from datakit_iac.provider.resource_types import run
from datakit_iac.runs import execution
from datakit_iac.runs import request as requests
from datakit_iac.testing import served_provider as testing
from datakit_iac.testing.lifecycle import Lifecycle
from tests.model.engine import Engine
from tests.model.jobs import Jobs
from tests.model.program import PROJECT, STACK
from tests.model.project import first
from tests.model.story import Story
from tests.model.syncing import InProcess
from tests.model.warehouses import KINDS, PASSWORD, Postgres, Warehouse


@pytest.fixture(scope="module")
def jobs() -> Jobs:
    """The jobs of the provider."""
    return Jobs()


@pytest.fixture(scope="module")
def lifecycle(jobs: Jobs) -> Iterator[Lifecycle]:
    """The provider, with time for dbt's first start."""
    local = InProcess()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(execution, "run", jobs.run)
        for module in (run, requests):
            patched.setattr(module, "executor", lambda *_: local)
        patched.setattr(testing, "PATIENCE", 300.0)
        with Lifecycle(TYPES, FUNCTIONS, project=PROJECT, stack=STACK) as served:
            yield served
    local.close()


@pytest.fixture(scope="module")
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """The database of the story: DuckDB, or what the test asks for by parametrisation."""
    made = KINDS[getattr(request, "param", "duckdb")]()
    with pytest.MonkeyPatch.context() as patched:
        if isinstance(made, Postgres):
            patched.setenv(PASSWORD, made.password)
        yield made


@pytest.fixture(scope="module")
def begun(lifecycle: Lifecycle, jobs: Jobs, warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The project after its first `up`. Its folder stays: dbt's worker, which is kept, began there."""
    root = tmp_path_factory.mktemp("model") / "begun"
    root.mkdir()
    with contextlib.chdir(root):
        return Story(Engine(lifecycle, jobs, root), root, first(warehouse)).begin()


@pytest.fixture
def story(begun: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    """The same in a folder of its own."""
    root = tmp_path / "copy"
    copy = begun.copied(root)
    monkeypatch.chdir(root)
    return copy
