"""The folder of one Run."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
from pathlib import Path

from datakit_iac.executors.local.run_folder import run_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from datakit_iac.executors.local.run_folder import run_folder
with run_folder(Path(sys.argv[1]), "load") as folder:
    (folder / "profiles.yml").write_text("secret")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_run_has_a_folder_of_its_own_that_goes_with_it(tmp_path: Path) -> None:
    with run_folder(tmp_path / "runs", "load") as one, run_folder(tmp_path / "runs", "load") as other:
        assert one != other
        assert stat.S_IMODE(one.stat().st_mode) == 0o700
        assert {one, other} == set((tmp_path / "runs").iterdir())
    assert list((tmp_path / "runs").iterdir()) == []


def test_what_a_killed_provider_left_goes_with_the_next_run(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert (left / "profiles.yml").is_file()
    with run_folder(tmp_path, "marts"):
        assert not left.exists()


def test_a_folder_that_is_no_runs_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with run_folder(tmp_path, "load"):
        assert (tmp_path / "mine").is_dir()
