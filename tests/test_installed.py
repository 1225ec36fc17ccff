"""What packages install is found, and made once."""

from __future__ import annotations

from pathlib import Path

from tests.packages import install, python

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


def test_sixteen_threads_that_ask_at_once_get_one_object(tmp_path: Path) -> None:
    install(tmp_path, "acme_slow", SLOW, {"datakit.runtimes": {"slow": "acme_slow:Slow"}})
    done = python(tmp_path, "-c", IN_THREADS)
    assert done.stdout.split() == ["1", "1"], done.stderr
