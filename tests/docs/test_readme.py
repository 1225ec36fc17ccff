"""The README's project of one's own works as it is written there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
FILE = re.compile(r"^`([\w./]+)`[^\n]*:\n```\w+\n(.*?)```", re.MULTILINE | re.DOTALL)


@pytest.mark.engine
def test_the_project_of_five_minutes_works(tmp_path: Path) -> None:
    files = dict(FILE.findall(README))
    assert set(files) == {"Pulumi.yaml", "__main__.py", "platform/inbox/users.csv", "platform/users.yaml"}
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace(".venv", str(BIN.parent)))
    commands = re.search(r"```console\n(\$ mkdir .datakit-state.*?)```", README, re.DOTALL)
    assert commands
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "PULUMI_HOME": str(tmp_path / "home")}
    for line in commands.group(1).splitlines():
        command = line.removeprefix("$ ").partition("#")[0].strip()
        command += " --yes" if command.startswith("pulumi up") else ""
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    with duckdb.connect(tmp_path / "platform" / "warehouse.duckdb") as database:
        assert database.sql("SELECT id, name FROM raw.users ORDER BY id").fetchall() == [(1, "ann"), (2, "bob")]
