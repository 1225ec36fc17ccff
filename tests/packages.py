"""Packages as an installer would put them down, and processes that have them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def install(folder: Path, module: str, text: str, points: Mapping[str, Mapping[str, str]]) -> None:
    """Put down a package of one module, with its entry points by group and name."""
    (folder / f"{module}.py").write_text(text)
    information = folder / f"{module}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    lines = [
        line for group, named in points.items() for line in (f"[{group}]", *(f"{key} = {named[key]}" for key in named))
    ]
    (information / "entry_points.txt").write_text("\n".join(lines) + "\n")


def python(folder: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a Python that has the packages of a folder, beside ours."""
    return subprocess.run(
        [sys.executable, *arguments], env={**os.environ, "PYTHONPATH": str(folder)}, cwd=cwd,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
