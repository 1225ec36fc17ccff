"""The conformance suite of executors, on those that are here."""

from __future__ import annotations

from pathlib import Path

import pytest

from datakit_iac.executors.local.processes import LocalProcesses
from datakit_iac.executors.protocol import Executor
from datakit_iac.executors.registry import executor as installed
from datakit_iac.executors.registry import executors
from datakit_iac.testing import ExecutorSuite

pytestmark = pytest.mark.slow


class TestLocal(ExecutorSuite):
    """Processes of this machine."""

    @pytest.fixture
    def executor(self, tmp_path: Path) -> Executor:
        return LocalProcesses(tmp_path)


def test_executors_are_found_by_their_names() -> None:
    assert "local" in executors()
    assert installed() is installed("local")
    assert {installed(name).name for name in executors()} == {*executors()}
    with pytest.raises(LookupError, match=r"no executor 'locl' is installed.*local"):
        installed("locl")
