"""Jobs that cannot run in a cluster, or that flood it: each is an error that says why, and nothing grows."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from datakit_iac.contract.connection import Connection
from datakit_iac.contract.dataset import BoundDataSet
from datakit_iac.contract.job import Job
from datakit_iac.executors.kubernetes.jobs import KubernetesJobs
from datakit_iac.executors.kubernetes.settings import KubernetesSettings
from datakit_iac.history.log import LARGEST, Log
from datakit_iac.manifest.models.dataset import Place
from datakit_iac.runtimes.execution import run
from datakit_iac.runtimes.job import JobFailedError, RunContext, RunResult
from datakit_iac.runtimes.registry import runtime
from tests.servers.kubernetes import images
from tests.servers.kubernetes.cluster import Kubernetes

pytestmark = pytest.mark.kubernetes

_WITHOUT = "localhost/without-datakit:1"
_FLOOD = """\
import json, sys, time
line = "x" * 999 + "\\n"
for _ in range(90_000):
    sys.stdout.write(line)
sys.stdout.write("y" * 10_000_000)
print()
time.sleep(3)
print(json.dumps({"counts": {"lines": 90_001}}), flush=True)
time.sleep(1)
"""

Run = Callable[..., RunResult]


@pytest.fixture
def carry_out(cluster: dict[str, str], namespace: str, tmp_path: Path) -> Run:
    """Runs a job of these fields on the cluster, with a log of its own where that is given."""

    def carried_out(write: Callable[[str], None] = lambda _: None, **fields: Any) -> RunResult:
        executor = KubernetesJobs(KubernetesSettings(image=cluster["image"], namespace=namespace))
        context = RunContext(executor, tmp_path, lambda _: None, threading.Event(), log=write)
        server = Connection("postgres", {"host": "10.0.0.1", "database": "shop", "user": "ann"})
        table = BoundDataSet("users", "shop", server, Place(table="raw.users"))
        made = Job("load", **{"runtime": "generic-python", "settings": {}, "inputs": (), "outputs": (table,), **fields})
        return run(runtime(made.runtime), made, context)

    return carried_out


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"image": "localhost/missing:1", "command": ("true",)}, r"cannot start \(localhost/missing:1\): ImagePull"),
        ({"command": ("no-such-program",)}, "has no program no-such-program"),
        ({"command": ("python", "-c", "raise SystemExit('no users')")}, "failed with exit code 1\n +no users"),
        ({"image": _WITHOUT, "runtime": "cloudquery"}, f"the image {_WITHOUT} does not have datakit-iac"),
    ],
)
def test_what_cannot_run_fails_with_the_reason(
    cluster: dict[str, str], carry_out: Run, tmp_path: Path, fields: dict[str, Any], reason: str
) -> None:
    if fields.get("image") == _WITHOUT:
        packages = f"/opt/venv/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        file, folder = tmp_path / "image.tar", Path(cluster["folder"])
        images.on_top(file, _WITHOUT, folder / "image.json", tmp_path, (), without=[f"{packages}/datakit_iac"])
        Kubernetes.import_image(folder, file)
        fields["inputs"] = (
            BoundDataSet("from", "shop", Connection("postgres", {"host": "10.0.0.1"}), Place(table="a.b")),
        )
    with pytest.raises(JobFailedError, match=reason):
        carry_out(**{"image": cluster["image"], **fields})


def test_a_flood_of_output_is_cut_and_takes_no_memory(cluster: dict[str, str], carry_out: Run, tmp_path: Path) -> None:
    log = Log(tmp_path / "flood.log")
    with _growth() as grown:
        outcome = carry_out(log.write, image=cluster["image"], command=("python", "-c", _FLOOD))
    log.close()
    assert outcome.counts == {"lines": 90_001}
    assert log.path.stat().st_size < LARGEST + (1 << 17)
    assert "(the log is larger than 10 MiB: its middle is left out)" in log.path.read_text()
    assert grown[0] < 80 << 20, f"{grown[0] >> 20} MiB"


@contextmanager
def _growth() -> Iterator[list[int]]:
    """By how many bytes the memory of this process grows at most during the block."""
    status, over = Path("/proc/self/statm"), threading.Event()

    def used() -> int:
        return int(status.read_text().split()[1]) * 4096

    before, found = used(), [0]

    def watch() -> None:
        while not over.wait(0.02):
            found[0] = max(found[0], used() - before)

    watching = threading.Thread(target=watch)
    watching.start()
    yield found
    over.set()
    watching.join()
