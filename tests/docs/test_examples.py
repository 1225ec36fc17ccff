"""The programs that pages show run as they stand there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datakit_iac.provider.resource_types import run
from datakit_iac.runs import execution
from tests.docs.test_docs import FENCE, ROOT
from tests.scenarios.workspace import Workspace


def shown(page: str, beginning: str, language: str = "python") -> str:
    """The one block of a page that holds a text."""
    fences = FENCE.finditer((ROOT / "docs" / page).read_text())
    (block,) = [fence[3] for fence in fences if fence[2] == language and beginning in fence[3]]
    return block


def execute(code: str, **known: Any) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "shown", **known}
    exec(compile(code, "shown", "exec"), names)
    return names


def test_a_lifecycle_runs_in_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    execute(shown("provider.md", "Lifecycle("))


def test_a_runtime_of_ones_own_runs_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shell = execute(shown("adding-a-runtime.md", "class Shell"))["Shell"]()
    for module in (run, execution):
        monkeypatch.setattr(module, "runtime", {"shell": shell}.__getitem__)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox/a.csv").write_text("x\n1\n")
    execute(shown("adding-a-runtime.md", "Recorded("), Shell=type(shell))
    execute(shown("adding-a-runtime.md", "Lifecycle("))
    assert (tmp_path / "inbox/b.csv").read_text() == "x\n1\n"


@pytest.mark.engine
def test_a_platform_in_python_is_applied(tmp_path: Path) -> None:
    page = "platform-in-python.md"
    workspace = Workspace(tmp_path)
    workspace.write("__main__.py", shown(page, "domains = DataSet"))
    workspace.write("inbox/users.csv", "id,email\n1,ann@x.io\n2,bob@x.io\n")
    workspace.write("models/dbt_project.yml", "name: shop\nprofile: any\nmodels: {shop: {+materialized: table}}\n")
    workspace.write("models/models/domains.sql", shown(page, "split_part", "sql"))
    assert len(workspace.up("--skip-preview").ok().operations) == 11
    assert workspace.rows("FROM domains", "warehouse.duckdb") == [("x.io", 2)]
    assert workspace.up().ok().operations == {}


@pytest.mark.engine
def test_a_program_with_outputs_of_resources_to_come_is_previewed_and_applied(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.write("__main__.py", shown("platform-in-python.md", "Output.concat"))
    workspace.write("inbox/orders.csv", "id,total\n1,2.5\n")
    foreseen = workspace.preview().ok()
    assert "known after apply: store.connection, table" in foreseen.text
    assert "known after apply: connection.path" in foreseen.text
    assert workspace.up("--skip-preview").ok().operations == foreseen.operations
    assert workspace.up().ok().operations == {}
