"""Reading in a second process finds what reading in this one finds, whatever happens to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pydantic
import pytest

from datakit_iac.manifest.load import read
from tests.manifest.writing import PROJECT, write

READ = """
import os, sys
from pathlib import Path
{before}
from datakit_iac.manifest import ahead
from datakit_iac.manifest.load import read
forked, fork = [], os.fork
os.fork = lambda: forked.append(fork()) or forked[-1]
project, findings = read(Path(sys.argv[1]))
print(len(forked), *sorted(name for _, name in project.origins), *findings, sep="\\n")
"""
TWO_PROCESSORS = "os.sched_getaffinity = lambda _: {0, 1}"
FAILING = f"""{TWO_PROCESSORS}
import marshal
def dumps(*_): raise MemoryError
marshal.dumps = dumps
"""
ENDED = f"""{TWO_PROCESSORS}
import marshal, signal
from datakit_iac.manifest import ahead
ahead._BATCH = 1
whole, made = marshal.dumps, []
def dumps(batch):
    made.append(batch)
    return whole(batch) if made == [batch] else os.kill(os.getpid(), signal.SIGKILL)
marshal.dumps = dumps
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a second process reads on Linux alone")


def outcome(root: Path, before: str) -> tuple[int, list[str]]:
    """How many processes a fresh one forked to read a project, and what it found."""
    program = READ.format(before=before)
    done = subprocess.run(
        [sys.executable, "-c", program, root], capture_output=True, text=True, check=True, timeout=60, cwd=root
    )
    assert not done.stderr
    forked, *found = done.stdout.splitlines()
    return int(forked), found


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Manifests that are right, in which something is unusual, that are broken, and files that are not ours."""
    write(tmp_path, *PROJECT)
    write(tmp_path, "apiVersion: v1\nkind: Pod\n", file="other.yaml")
    write(tmp_path, "kind: Store\n  name: [\n", file="store/broken.yaml")
    (tmp_path / "dataset").mkdir(exist_ok=True)
    (tmp_path / "dataset" / "latin.yaml").write_bytes(b"kind: DataSet # caf\xe9\n")
    return tmp_path


def test_a_second_process_reads_while_the_models_are_imported(project: Path) -> None:
    alone = outcome(project, "os.sched_getaffinity = lambda _: {0}")
    assert alone[0] == 0
    assert outcome(project, TWO_PROCESSORS) == (1, alone[1])


@pytest.mark.parametrize("before", [FAILING, ENDED], ids=["failing", "ended"])
def test_what_the_second_process_leaves_is_read_here(project: Path, before: str) -> None:
    assert outcome(project, before) == (1, outcome(project, "import pydantic")[1])


def test_a_folder_that_cannot_be_looked_into_is_told(project: Path) -> None:
    hidden = f"""{TWO_PROCESSORS}
scandir = os.scandir
def refusing(folder):
    if folder.endswith("/store"): raise PermissionError(13, "Permission denied", folder)
    return scandir(folder)
os.scandir = refusing
"""
    _, found = outcome(project, hidden)
    assert any(line.startswith("store: error[unreadable]") for line in found)


def test_a_process_that_has_the_models_forks_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", pydantic)
    monkeypatch.delattr("os.fork")
    assert read(project)[0].origins
