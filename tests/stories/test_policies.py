"""A dozen of the cases of policies through the real program: what is mandatory stops everything, by whichever door."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import pytest

from datakit_iac.testing.lifecycle import Lifecycle
from tests.policy.table import Case, cases
from tests.stories.workspace import InProcess

PROGRAM: Final = """\
import pathlib
from datakit_iac import Platform

Platform("platform", project="project", environment=pathlib.Path("environment").read_text())
"""
DOZEN: Final = (
    "a project that keeps all rules has no findings",
    "without policies the three of the mission hold",
    "a range is not a pin",
    "gold that dbt's project tests and describes",
    "gold without tests",
    "personal data in public",
    "personal data that loses its mark two steps on",
    "a Connector that is not allowed",
    "a schedule whose two starts are close together",
    "a rule over each DataSet",
    "advisory",
    "a waiver that expired excuses nothing",
)


@pytest.fixture(scope="module")
def policed(tmp_path_factory: pytest.TempPathFactory, lifecycle: Lifecycle) -> InProcess:
    made = InProcess(tmp_path_factory.mktemp("policies"), lifecycle)
    made.write("__main__.py", PROGRAM)
    return made


@pytest.mark.parametrize("case", [each for each in cases() if each.name in DOZEN], ids=lambda case: case.name)
def test_the_engine_is_told_what_validate_tells(policed: InProcess, case: Case) -> None:
    shutil.rmtree(policed.project, ignore_errors=True)
    case.write(policed.project)
    policed.write("environment", case.environment)
    planned = policed.preview()
    if any(each.startswith("error") for each in case.expected):
        assert planned.failed().operations == {}
        assert "nothing was touched" in planned.text
    else:
        assert len(planned.ok().operations) > 0
    for each in case.expected:
        severity, code, target = each.split()
        (line, *_) = [line for line in planned.text.splitlines() if f"{severity}[{code}]" in line and target in line]
        assert f"project/{target}.yaml:" in line


def test_a_dozen_is_chosen(tmp_path: Path) -> None:
    assert {each.name for each in cases()} >= set(DOZEN)
