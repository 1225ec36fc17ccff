"""What type checkers say to people who write resources in Python, without pydantic's plugin."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from datakit_iac.manifest.models.column import Column
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
WRONG_PROGRAM = """\
from datakit_iac import Column, DataSet, Store
warehouse = Store("warehouse", technology="duckdb", connection={"path": "x"})
"""
COLUMN_PROGRAM = """
from datakit_iac import Column, Test

Column(name="email", type="text", pii=True, tests=[Test(unique=True), "not_null"], from_="users.email")
"""
SPELLINGS = "".join(f", {name}=Column(name='x', type='int').{name}" for name in Column.model_fields)
PROGRAMS = {
    "every_class": TYPED.read_text(),
    "domains_of_the_documentation": shown("platform-in-python.md", "domains = DataSet"),
    "outputs_of_the_documentation": shown("platform-in-python.md", "Output.concat"),
    "columns": f"{COLUMN_PROGRAM}Column({SPELLINGS.removeprefix(', ')})\n",
    "wrong": WRONG_PROGRAM + "\n".join(WRONG.values()),
}


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says of each program, in one run: most of it goes into reading the packages."""
    folder = tmp_path_factory.mktemp("programs")
    for name, program in PROGRAMS.items():
        (folder / f"{name}.py").write_text(program)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", *(f"{name}.py" for name in PROGRAMS)],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = defaultdict(list)
    for line in done.stdout.splitlines()[:-1]:
        if "error:" in line:
            said[line.partition(".py:")[0]].append(line)
    assert done.returncode == 1, done.stdout + done.stderr
    assert set(said) <= set(PROGRAMS), done.stdout
    return said


@pytest.mark.slow
def test_outputs_classes_and_mappings_are_taken_everywhere(errors: dict[str, list[str]]) -> None:
    assert errors["every_class"] == []


@pytest.mark.slow
@pytest.mark.parametrize("program", ["domains", "outputs"])
def test_the_programs_of_the_documentation_are_typed(errors: dict[str, list[str]], program: str) -> None:
    assert errors[f"{program}_of_the_documentation"] == []


@pytest.mark.slow
def test_a_column_may_be_written_in_any_spelling(errors: dict[str, list[str]]) -> None:
    assert errors["columns"] == []


@pytest.mark.slow
def test_what_the_resources_refuse_type_checkers_refuse(errors: dict[str, list[str]]) -> None:
    assert [word in error for word, error in zip(WRONG, errors["wrong"], strict=True)] == [True] * len(WRONG)
