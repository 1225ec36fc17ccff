"""Writing the page: `pytest tests/technologies/schema_evolution --schema-evolution`."""

from __future__ import annotations

import pytest

from tests.technologies.schema_evolution.cases import CASES
from tests.technologies.schema_evolution.page import PROPERTY, write


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--schema-evolution`."""
    parser.addoption("--schema-evolution", action="store_true", help="write docs/schema-evolution.md of what is seen")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write what the tests have seen."""
    if config.getoption("schema_evolution", default=False):
        reports = (each for kind in ("passed", "failed") for each in terminalreporter.getreports(kind))
        seen = [value for each in reports for name, value in each.user_properties if name == PROPERTY]
        write([tuple(each) for each in seen], [case.title for case in CASES])
