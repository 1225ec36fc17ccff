"""What technologies and runtimes are told, and tell, is made use of."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Final

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.runtimes.job import RunContext, RunResult
from datakit_iac.technologies.technology import Capabilities, FailedTest, Session, TableState, Technology

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/adding-a-technology.md").read_text()
ROW: Final = re.compile(r"^\| `(\w+\.py)` \| (.+?) \| (.+?) \|$", re.MULTILINE)
PACKAGE = ROOT / "datakit_iac"
SOURCE = "\n".join(file.read_text() for file in PACKAGE.rglob("*.py"))
DATA = (BoundDataSet, Connection, Capabilities, TableState, FailedTest, Job, RunResult, RunContext)


@pytest.mark.parametrize("kind", DATA, ids=lambda kind: kind.__name__)
def test_every_field_is_read_by_somebody(kind: type) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    assert [name for name in names if not re.search(rf"\.{name}\b", SOURCE)] == []


def members(protocol: type) -> set[str]:
    names = {*vars(protocol), *protocol.__annotations__}
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize(("file", "protocol"), [("factory.py", Technology), ("session.py", Session)])
def test_the_page_on_technologies_lists_all_that_one_must_have(file: str, protocol: type) -> None:
    (told,) = [told for name, told, _ in ROW.findall(PAGE) if name == file]
    assert set(re.findall(r"`(\w+)`", told)) - {"Session"} == members(protocol)


@pytest.mark.parametrize("name", ["duckdb", "files", "kafka", "postgres"])
def test_the_page_on_technologies_lists_the_files_that_the_others_have(name: str) -> None:
    listed = {file for file, _, _ in ROW.findall(PAGE)}
    there = {file.name for file in (PACKAGE / "technologies" / name).glob("*.py")}
    assert {"__init__.py", "factory.py", "session.py"} <= listed & there
    imports_its_driver = {file for file, _, said in ROW.findall(PAGE) if said == "yes"}
    assert imports_its_driver == {"session.py"}
    assert re.search(r"^class \w+", (PACKAGE / "technologies" / name / "factory.py").read_text(), re.MULTILINE)
