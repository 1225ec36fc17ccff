"""The table technology × behaviour that the conformance suite gives: which technology was seen to do what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import pytest

PROPERTY: Final = "datakit-technology"
"""The property of a test's report that names the technology under test."""

_SIGNS: Final = ("–", "yes", "**no**")
"""What no test of a technology passed or failed, what passed, what failed."""


def table(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """The lines of a table in Markdown: a behaviour in each row, a technology in each column.

    A behaviour that a technology does not have is a dash: its test was skipped.

    Args:
        reports: those of a test run, of other tests too.
    """
    found: dict[str, dict[str, int]] = {}
    for report in reports:
        technology = dict(report.user_properties).get(PROPERTY)
        if technology is None or (report.when != "call" and not report.failed):
            continue
        sign = 2 if report.failed else int(report.passed)
        row = found.setdefault(_sentence(report.nodeid), {})
        row[str(technology)] = max(sign, row.get(str(technology), 0))
    technologies = sorted({name for row in found.values() for name in row})
    if not technologies:
        return
    yield f"| | {' | '.join(technologies)} |"
    yield f"|---|{'---|' * len(technologies)}"
    for behaviour, row in sorted(found.items()):
        yield f"| {behaviour} | {' | '.join(_SIGNS[row.get(name, 0)] for name in technologies)} |"


def _sentence(nodeid: str) -> str:
    """A test's name as people read it.

    >>> _sentence("tests/x.py::TestDuckDB::test_a_dropped_dataset_is_gone[1]")
    'a dropped dataset is gone'
    """
    return re.sub(r"\[.*", "", nodeid).rpartition("::test_")[2].replace("_", " ")
