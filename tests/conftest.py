"""What every run of the tests begins with, and tells at its end."""

from __future__ import annotations

import os
import resource
from collections import Counter

import pytest

from tests.servers.sharing import NOT_STARTED

_FILES = 20_000

# The processes that tests start find bytecode, as those of an installation do; containers often ask for none.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A process of the tests has servers, workers and Stores of hundreds of tests; 1,024 open files, a usual limit, are few.
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_wanted = _FILES if _hard == resource.RLIM_INFINITY else min(_FILES, _hard)
resource.setrlimit(resource.RLIMIT_NOFILE, (max(_soft, _wanted), _hard))


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """In CI, where only a part of a long output may be kept: no dots of what passed before what failed."""
    if os.environ.get("CI") == "true" and report.passed and report.when == "call":
        return "passed", "", "PASSED"
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the servers that were not started, what each needs, and how many tests did not run without it."""
    skipped = (report.longrepr[2] for report in terminalreporter.stats.get("skipped", ()) if report.longrepr)
    missing = Counter(reason.removeprefix("Skipped: ") for reason in skipped if NOT_STARTED in reason)
    if missing:
        terminalreporter.section("not run")
        for reason, tests in sorted(missing.items()):
            terminalreporter.write_line(f"{reason} ({tests} test{'s' if tests != 1 else ''})")
