"""What type checkers say to people who write resources in Python, without pydantic's plugin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.test_examples import shown

TYPED = Path(__file__).with_name("typed_program.py")
WRONG = {
    "store": 'DataSet("a", store="warehouse", table="a")',
    "stroe": 'DataSet("a", stroe=warehouse, table="a")',
    "tier": 'DataSet("a", store=warehouse, table="a", tier="Gold")',
    "table": 'DataSet("a", store=warehouse, table=7)',
    "ColumnDict": 'DataSet("a", store=warehouse, table="a", schema=[{"name": "id", "typ": "integer"}])',
    "nmae": 'Column(nmae="id", type="x")',
    "positional": 'Column("id", type="x")',
}
BEGINNING = """\
from datakit_iac import Column, DataSet, Store
warehouse = Store("warehouse", technology="duckdb", connection={"path": "x"})
"""


def checked(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    (folder / "platform_program.py").write_text(program)
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "platform_program.py"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_outputs_classes_and_mappings_are_taken_everywhere(tmp_path: Path) -> None:
    done = checked(tmp_path, TYPED.read_text())
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("program", ["domains = DataSet", "Output.concat"])
def test_the_programs_of_the_documentation_are_typed(tmp_path: Path, program: str) -> None:
    done = checked(tmp_path, shown("platform-in-python.md", program))
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_what_the_resources_refuse_type_checkers_refuse(tmp_path: Path) -> None:
    done = checked(tmp_path, BEGINNING + "\n".join(WRONG.values()))
    errors = [line for line in done.stdout.splitlines() if "error:" in line]
    assert [word in error for word, error in zip(WRONG, errors, strict=True)] == [True] * len(WRONG)
