from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from datakit_iac.toolchain import commands, doctor
from tests.toolchain.conftest import StubEngine, script


def examine(venv: Path, machine: dict[str, str]) -> dict[str, doctor.Tool]:
    return {tool.name: tool for tool in doctor.examine(venv, machine)}


def test_it_says_what_each_tool_is_and_where(tmp_path: Path, machine: dict[str, str], stub_engine: StubEngine) -> None:
    engine = stub_engine("v3.300.0")
    script(tmp_path / "bin" / "go", "echo go version go1.26.8 linux/amd64")
    script(tmp_path / "bin" / "ssh-keygen", "exit 1")
    script(tmp_path / "bin" / "ssh", "echo OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19 >&2")

    tools = examine(tmp_path / "venv", machine)

    assert list(tools) == ["python", "engine", "language host", "cloudquery", "dbt", "go", "ssh-keygen"]
    assert (tools["engine"].version, tools["engine"].path) == ("3.300.0", str(engine))
    assert (tools["go"].version, tools["go"].is_needed) == ("1.26.8", False)
    assert (tools["ssh-keygen"].version, tools["ssh-keygen"].is_needed) == ("9.2p1", False)
    assert tools["dbt"].version.startswith("1.11.")
    assert tools["cloudquery"].is_there


def test_what_is_missing_says_where_it_looked_and_what_to_do(tmp_path: Path, machine: dict[str, str]) -> None:
    tools = examine(tmp_path / "venv", machine)

    assert not tools["engine"].is_there
    assert "PATH: its folders: no `pulumi` there; cache:" in tools["engine"].detail
    assert tools["engine"].fix == "dk setup"
    assert not tools["go"].is_there
    assert not tools["language host"].is_there


def test_a_machine_without_openssh_is_told_how_to_get_it(tmp_path: Path) -> None:
    tool = examine(tmp_path / "venv", {"PATH": str(tmp_path)})["ssh-keygen"]
    assert (tool.is_there, tool.is_needed) == (False, False)
    assert "openssh-client" in tool.fix


def test_the_command_prints_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["doctor", "--project", str(tmp_path)]) == 0

    tools = json.loads(capsys.readouterr().out)["tools"]
    assert tools[0]["path"] == sys.executable
    assert tools[0]["is_there"] is True
