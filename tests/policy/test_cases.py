"""Every case of the table finds exactly what it should, and all of them are quick."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.policy.table import Case, cases


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_findings_are_those_expected(tmp_path: Path, case: Case) -> None:
    assert case.found(tmp_path) == case.expected


def test_the_table_has_cases_enough_and_is_quick(tmp_path: Path) -> None:
    assert len(cases()) >= 60
    begun = time.process_time()
    for index, case in enumerate(cases()):
        case.found(tmp_path / str(index))
    assert time.process_time() - begun < 5
