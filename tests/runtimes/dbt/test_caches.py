"""What stays of dbt's caches, and for how long."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from datakit_iac.runtimes.dbt import caches


def made(root: Path, name: str, days: float) -> Path:
    folder = root / name
    (folder / "partial").mkdir(parents=True)
    then = time.time() - days * 24 * 3600
    os.utime(folder, (then, then))
    return folder


def test_what_was_not_used_for_a_while_is_removed(tmp_path: Path) -> None:
    home, target = tmp_path / "shop-1", tmp_path / "shop-1/target-1"
    kept, old = made(tmp_path, "shop-1/target-2", 29), made(tmp_path, "shop-1/target-3", 31)
    project, gone, own = (
        made(tmp_path, "shop-1/project", 99),
        made(tmp_path, "gone-1", 31),
        made(tmp_path, "shop-1/target-1", 99),
    )
    with caches.held(tmp_path, home, target):
        assert kept.is_dir()
        assert project.is_dir()
        assert own.is_dir()
        assert not old.exists()
        assert not gone.exists()


def test_nothing_is_removed_while_another_process_builds(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from datakit_iac.runtimes.dbt import caches\n"
        f"root = Path({str(tmp_path)!r})\n"
        "with caches.held(root, root / 'other', root / 'other/target-1'): print('holds', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "holds\n"
        old = made(tmp_path, "gone-1", 31)
        with caches.held(tmp_path, tmp_path / "shop-1", tmp_path / "shop-1/target-1"):
            assert old.exists()
        other.communicate("")
    with caches.held(tmp_path, tmp_path / "shop-1", tmp_path / "shop-1/target-1"):
        assert not old.exists()
