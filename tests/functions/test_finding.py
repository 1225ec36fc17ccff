"""Functions found in a project: what is declared, and what is wrong with a module, said where it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from datakit_iac.manifest.loading.loader import read
from tests.scenarios.pipeline import PLATFORM

HEAD = "from datakit_iac import Table, dataset, transform\n"
TAIL = '@transform(inputs={"users": "users"}, outputs={"a": "a"})\n'


@pytest.fixture
def transforms(tmp_path: Path) -> Path:
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    (tmp_path / "transforms").mkdir()
    return tmp_path / "transforms"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def f(:\n", "2:1: error[broken-module] this is not valid Python: invalid syntax"),
        ("\nimport nowhere\n", "3:1: error[broken-module] ModuleNotFoundError: No module named 'nowhere'"),
        ("def g():\n    raise SystemExit(3)\ng()\n", "3:1: error[broken-module] SystemExit: 3"),
        (
            f"import pandas\n{TAIL}def f(users: pandas.Series, more: Table) -> None: ...\n",
            "3:1: error[invalid-function] transform f: no input is named for the parameter more; add it to inputs;"
            " users: Series is not a form of an input; expected pyarrow.Table, pyarrow.RecordBatchReader,"
            " pandas.DataFrame, polars.DataFrame, polars.LazyFrame or duckdb.DuckDBPyRelation; it returns None;"
            " expected the rows of its output",
        ),
        (f"{TAIL}async def f(users): ...\n", "2:1: error[invalid-function] transform f: it is asynchronous"),
        (
            "from decimal import Decimal\na = dataset('a', store='warehouse', table='a', schema={'n': Decimal})\n",
            "3:1: error[invalid-function] dataset a: column n: a Decimal does not say how many digits it has",
        ),
        (
            "a = dataset('a', store='warehouse', table='a', topics='x')\n",
            "2:1: warning[unknown-field] spec.topics: unknown field 'topics'",
        ),
        (
            f"{TAIL.replace(chr(41), ', trigger=3)')}def f(users): ...\n",
            "2:1: error[invalid-function] transform f: trigger is 3",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_line(transforms: Path, text: str, said: str) -> None:
    (transforms / "scoring.py").write_text(HEAD + text)
    _, findings = read(transforms.parent)
    (found,) = findings
    assert str(found).startswith(f"{transforms}/scoring.py:{said}")


def test_modules_of_one_name_do_not_meet_and_leave_no_trace(
    transforms: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        folder = transforms / name
        folder.mkdir()
        (folder / "names.py").write_text(f"NAME = '{name}'\n")
        text = "from names import NAME\nfrom shared import STORE\nprint('loud')\n"
        declared = "a = dataset(NAME, store=STORE, table=NAME, schema={'id': int})\n"
        (folder / "model.py").write_text(f"{HEAD}{text}{declared}")
    (transforms / "shared.py").write_text("STORE = 'warehouse'\n")
    (transforms / "test_model.py").write_text(f"{HEAD}raise AssertionError\n")
    (transforms / "job.py").write_text("raise AssertionError\n")
    before, path = {*sys.modules}, [*sys.path]
    project, findings = read(transforms.parent)
    assert (findings, [*project.datasets]) == ([], ["one", "two"])
    assert (capsys.readouterr().out, sys.path) == ("", path)
    assert {
        each for each in {*sys.modules} - before if "names" in each or "shared" in each or "model" in each[:6]
    } == set()
    assert [*transforms.rglob("__pycache__")] == []


def test_one_dataset_that_two_functions_share_is_declared_once(transforms: Path) -> None:
    shared = "a = dataset('a', store='warehouse', table='a', schema={'id': int})\n"
    (transforms / "contracts.py").write_text(HEAD + shared)
    for name in ("one", "two"):
        code = f"from contracts import a\n@transform(outputs={{'a': a}}, name='{name}')\ndef f(): ...\n"
        (transforms / f"{name}.py").write_text(HEAD + code)
    project, findings = read(transforms.parent)
    assert (findings, [*project.transforms], [*project.datasets]) == ([], ["one", "two"], ["a"])
    assert project.where(project.datasets["a"]) == f"{transforms}/contracts.py:2:1"
