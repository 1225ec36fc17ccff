"""Models are imported and built when they are first used, by one thread or by several."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from datakit_iac.manifest.models.column import Column

sys.setswitchinterval(1e-6)
begin = Barrier(8)

def column(number):
    begin.wait(timeout=30)
    return str(Column(name=f"c{number}", type="int4", tests=["unique"]).type)

with ThreadPoolExecutor(8) as pool:
    print(*pool.map(column, range(8)))
"""


@pytest.mark.parametrize("attempt", range(3))
def test_several_threads_may_be_the_first_to_use_a_model(attempt: int) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["integer"] * 8, "")


def test_importing_a_kind_imports_no_other() -> None:
    code = "from datakit_iac.manifest.models.store import Store; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    kinds = {"connector", "dataset", "transform", "environment", "policy"}
    assert not kinds & {name.removeprefix("datakit_iac.manifest.models.") for name in done.stdout.split()}
