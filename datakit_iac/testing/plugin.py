"""The pytest plugin: explains the assertions of the suites, tables them, and serves the provider as a fixture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from datakit_iac.testing.lifecycle import Lifecycle

_SUITES = ("looking_suite", "technology_suite", "executor_suite")
pytest.register_assert_rewrite(*(f"datakit_iac.testing.{suite}" for suite in _SUITES))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--behaviours`."""
    group = parser.getgroup("datakit")
    group.addoption("--behaviours", action="store_true", help="print which technology was seen to do what")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table technology × behaviour of the conformance suite."""
    if not config.getoption("behaviours"):
        return
    from datakit_iac.testing.behaviour_table import table

    terminalreporter.section("behaviours")
    reports = (each for kind in ("passed", "failed", "skipped", "error") for each in terminalreporter.getreports(kind))
    for line in table(reports):
        terminalreporter.write_line(line)


@pytest.fixture
def lifecycle() -> Iterator[Lifecycle]:
    """The provider with all installed technologies and runtimes, served in this process."""
    from datakit_iac.testing import FUNCTIONS, TYPES, Lifecycle  # late: every run of pytest loads this module

    with Lifecycle(TYPES, FUNCTIONS) as served:
        yield served
