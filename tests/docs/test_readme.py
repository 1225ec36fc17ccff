"""The README's project of one's own works as it is written there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from datakit_iac.manifest.loading.loader import read
from datakit_iac.technologies.technology import technologies
from datakit_iac.testing import TechnologySuite

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


@pytest.mark.engine
def test_the_project_of_five_minutes_works(tmp_path: Path) -> None:
    commands = re.search(r"```console\n(\$ dk init shop.*?)```", README, re.DOTALL)
    assert commands
    lines = [line.removeprefix("$ ").partition("#")[0].strip() for line in commands.group(1).splitlines()]
    script = "\n".join(["set -e", *(f"{line} --yes" if line.startswith("pulumi up") else line for line in lines)])
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PULUMI_HOME": str(tmp_path / "home")}

    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    project = tmp_path / "shop"
    rows = len((project / "inbox" / "users.csv").read_text().splitlines()) - 1
    (warehouse,) = project.rglob("warehouse.duckdb")
    with duckdb.connect(warehouse) as database:
        assert database.sql("SELECT count(*) FROM raw.users").fetchall() == [(rows,)]


def test_the_manifests_shown_are_right(tmp_path: Path) -> None:
    shown = re.findall(r"```yaml\n((?:#[^\n]*\n)?apiVersion.*?)```", README, re.DOTALL)
    assert len(shown) == 3
    for index, text in enumerate(shown):
        (tmp_path / f"{index}.yaml").write_text(text)

    findings = read(tmp_path)[1]

    assert findings == []


def test_the_table_of_technologies_is_of_those_there_are_and_of_what_the_suite_asks() -> None:
    head, _, *rows = re.findall(r"^\|.*\|$", README.partition("## Technologies")[2].partition("##")[0], re.MULTILINE)
    assert head.strip("| ").split(" | ") == list(technologies())
    asked = [name.removeprefix("test_").replace("_", " ") for name in dir(TechnologySuite) if name.startswith("test_")]
    assert [row.strip("| ").partition(" | ")[0] for row in rows] == sorted(asked)
