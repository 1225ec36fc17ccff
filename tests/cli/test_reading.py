"""What reading manifests for `dk` costs, and what it leaves as it was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import STORE
from tests.manifest.writing import CONNECTOR, write

PROGRAM = """
import os, sys
from importlib import metadata

looked, entry_points = [], metadata.entry_points
metadata.entry_points = lambda **asked: looked.append(asked) or entry_points(**asked)

from datakit_iac.cli import main
code = main(["lint", sys.argv[1]])
print(len(looked), os.environ.get("PYDANTIC_DISABLE_PLUGINS"))

from pydantic import create_model
create_model("Other", number=int)
print(len(looked))
"""


@pytest.mark.parametrize("said", [None, "some-plugin"])
def test_reading_looks_for_no_plugins_of_pydantic_and_leaves_the_environment_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    monkeypatch.delenv("PYDANTIC_DISABLE_PLUGINS", raising=False)
    if said:
        monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", said)
    write(tmp_path, CONNECTOR, STORE)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [f"{tmp_path}: 2 manifests, nothing is wrong", f"0 {said}", "1"]
