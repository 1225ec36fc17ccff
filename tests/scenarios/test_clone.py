"""What a colleague does with a project that somebody began and pushed: clone it, and go on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.scenarios.workspace import BIN


def run(folder: Path, *words: str | Path) -> str:
    env = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PULUMI_HOME": str(folder.parent / "home"),
        "DATAKIT_POLICY_PACK": "off",
        "GIT_AUTHOR_NAME": "ann", "GIT_AUTHOR_EMAIL": "ann@example.com",
        "GIT_COMMITTER_NAME": "ann", "GIT_COMMITTER_EMAIL": "ann@example.com",
    }  # fmt: skip
    env.pop("PULUMI_CONFIG_PASSPHRASE", None)
    done = subprocess.run(
        words, cwd=folder, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_clone_starts(tmp_path: Path) -> None:
    run(tmp_path, BIN / "dk", "init", "shop")
    shop = tmp_path / "shop"
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Begin"]):
        run(shop, "git", *words)
    run(tmp_path, "git", "clone", "-q", shop, "clone")
    clone = tmp_path / "clone"
    assert not (clone / ".venv").exists()
    assert "is a link to" in run(clone, BIN / "pulumi", "stack", "init", "dev")
    assert "to create" in run(clone, BIN / "pulumi", "preview", "--stack", "dev", "--non-interactive")
    assert "Plan for dev" in run(clone, BIN / "dk", "plan", "--env", "dev")
    assert run(clone, "git", "status", "--short") == ""
