"""What packages install is found, and made once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SLOW = """
import time

made = []


class Slow:
    def __init__(self) -> None:
        made.append(self)
        time.sleep(0.1)
"""
IN_THREADS = """
import threading
from concurrent.futures import ThreadPoolExecutor

from datakit_iac import installed

started = threading.Barrier(16)


def one(_: int) -> int:
    started.wait()
    return id(installed.made("datakit.runtimes", "slow"))


with ThreadPoolExecutor(16) as pool:
    found = set(pool.map(one, range(16)))

import acme_slow

print(len(found), len(acme_slow.made))
"""


def package(folder: Path, module: str, text: str, entry_points: str) -> None:
    """Put down a package as an installer would."""
    (folder / f"{module}.py").write_text(text)
    information = folder / f"{module}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(entry_points)


def test_sixteen_threads_that_ask_at_once_get_one_object(tmp_path: Path) -> None:
    package(tmp_path, "acme_slow", SLOW, "[datakit.runtimes]\nslow = acme_slow:Slow\n")
    variables = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", IN_THREADS], env=variables, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["1", "1"]
