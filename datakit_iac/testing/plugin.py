"""The pytest plugin: explains the assertions of the suites, and serves the provider as the fixture `lifecycle`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from datakit_iac.testing.lifecycle import Lifecycle

pytest.register_assert_rewrite("datakit_iac.testing.technology_suite", "datakit_iac.testing.executor_suite")


@pytest.fixture
def lifecycle() -> Iterator[Lifecycle]:
    """The provider with all installed technologies and runtimes, served in this process."""
    from datakit_iac.testing import FUNCTIONS, TYPES, Lifecycle  # late: every run of pytest loads this module

    with Lifecycle(TYPES, FUNCTIONS) as served:
        yield served
