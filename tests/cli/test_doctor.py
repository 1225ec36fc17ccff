"""`dk doctor`."""

from __future__ import annotations

import pytest

from datakit_iac.toolchain import doctor
from datakit_iac.toolchain.doctor import Tool
from tests.cli.conftest import Dk

ENGINE = Tool("engine", "3.259.0", "/opt/pulumi", "found by way of PATH")
NO_ENGINE = Tool("engine", detail="PATH: no `pulumi` there; cache: no engine there", fix="make setup")
NO_GO = Tool("go", detail="not on PATH", is_needed=False, fix="install Go")


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> list[Tool]:
    """What will be found."""
    found: list[Tool] = []
    monkeypatch.setattr(doctor, "examine", lambda venv, env: tuple(found))
    return found


def test_what_is_there_is_shown_with_version_and_place(dk: Dk, tools: list[Tool]) -> None:
    tools += [ENGINE, NO_GO]
    said = dk("doctor")
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines() == [
        "ok  engine  3.259.0   /opt/pulumi",
        "            found by way of PATH",
        "--  go      optional",
        "            not on PATH",
        "            fix: install Go",
        "",
        "Everything that is needed is installed.",
    ]


def test_what_is_needed_and_missing_is_told_with_where_was_looked_and_the_fix(dk: Dk, tools: list[Tool]) -> None:
    tools += [NO_ENGINE, NO_GO]
    said = dk("doctor")
    assert said.code == 3
    assert said.out.splitlines()[:4] == [
        "no  engine  missing",
        "            PATH: no `pulumi` there",
        "            cache: no engine there",
        "            fix: make setup",
    ]
    assert said.out.endswith("\nmissing: engine\n")


def test_json_is_the_same_for_programs(dk: Dk, tools: list[Tool]) -> None:
    tools += [NO_ENGINE, NO_GO]
    said = dk("doctor", "--output", "json")
    assert (said.code, said.document["missing"]) == (3, ["engine"])
    assert [(tool["name"], tool["is_there"]) for tool in said.document["tools"]] == [("engine", False), ("go", False)]


def test_the_real_machine_can_be_asked(dk: Dk) -> None:
    assert dk("doctor", "--output", "json").document["tools"][0]["name"] == "python"
