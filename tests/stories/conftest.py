"""A user's stories through the real program and provider, CloudQuery and dbt, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.registry import executor
from datakit_iac.provider.registry import FUNCTIONS, TYPES
from datakit_iac.testing import served_provider as testing
from datakit_iac.testing.lifecycle import Lifecycle
from tests.model.program import PROJECT, STACK
from tests.scenarios.conftest import PLATFORM, USERS
from tests.scenarios.pipeline import FILES
from tests.stories.schedulers import Schedulers
from tests.stories.workspace import InProcess

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("engine")


@pytest.fixture(scope="session")
def lifecycle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lifecycle]:
    """The provider, with time for dbt's first start."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(testing, "PATIENCE", 300.0)
        with Lifecycle(TYPES, FUNCTIONS, project=PROJECT, stack=STACK) as served:
            yield served
    local = executor()
    assert isinstance(local, LocalProcesses)
    local.close()  # the dbt that it keeps


@pytest.fixture
def bare(tmp_path: Path, lifecycle: Lifecycle) -> InProcess:
    """A workspace without manifests."""
    return InProcess(tmp_path / "bare", lifecycle)


@pytest.fixture
def workspace(tmp_path: Path, lifecycle: Lifecycle) -> InProcess:
    """A project with a DuckDB warehouse and one DataSet, `users`."""
    return _written(tmp_path, lifecycle, {"platform.yaml": PLATFORM, "users.yaml": USERS})


@pytest.fixture(scope="session")
def made(lifecycle: Lifecycle, tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    """The project of `workspace` after its first `up`, with two rows."""
    once = _written(tmp_path_factory.mktemp("made"), lifecycle, {"platform.yaml": PLATFORM, "users.yaml": USERS})
    once.up("--skip-preview").ok()
    once.execute("INSERT INTO public.users VALUES (1, 'ann@x.io'), (2, 'bob@x.io')")
    return once


@pytest.fixture
def filled(made: InProcess, tmp_path: Path) -> InProcess:
    """The table exists and holds two rows."""
    return made.copied(tmp_path / "copy")


@pytest.fixture
def pipeline(tmp_path: Path, lifecycle: Lifecycle) -> InProcess:
    """The project of `pipeline.py`, not applied yet."""
    return _written(tmp_path, lifecycle, FILES)


@pytest.fixture(scope="session")
def once(lifecycle: Lifecycle, tmp_path_factory: pytest.TempPathFactory) -> InProcess:
    """The same project, applied once for all tests of a worker."""
    made = _written(tmp_path_factory.mktemp("once"), lifecycle, FILES)
    made.up("--skip-preview").ok()
    return made


@pytest.fixture
def applied(once: InProcess, tmp_path: Path) -> InProcess:
    """The project of `pipeline.py` after its first `up`, copied to a place of its own, as a checkout may be moved."""
    return once.copied(tmp_path / "copy")


@pytest.fixture
def schedulers(applied: InProcess) -> Iterator[Schedulers]:
    made = Schedulers(applied)
    yield made
    for each in made.processes:
        each.kill()
        each.wait()


def _written(root: Path, lifecycle: Lifecycle, files: dict[str, str]) -> InProcess:
    made = InProcess(root, lifecycle)
    for path, text in files.items():
        made.write(f"project/{path}", text)
    return made
