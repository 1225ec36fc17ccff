"""A served provider whose syncs run in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datakit_iac.provider import run, testing
from datakit_iac.provider.package import FUNCTIONS, TYPES
from datakit_iac.provider.testing import Lifecycle
from tests.model.engine import PROJECT, STACK
from tests.model.project import Project
from tests.model.story import Story
from tests.model.syncing import InProcess


@pytest.fixture(scope="module")
def lifecycle() -> Iterator[Lifecycle]:
    """The provider, with time for dbt's first start."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run, "LocalProcesses", InProcess)
        patched.setattr(testing, "PATIENCE", 300.0)
        with Lifecycle(TYPES, FUNCTIONS, project=PROJECT, stack=STACK) as served:
            yield served


@pytest.fixture
def tell(lifecycle: Lifecycle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Project | None], Story]:
    """Begins a story in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda project=None: Story(lifecycle, tmp_path, project)
