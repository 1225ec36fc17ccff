"""One server of each kind for all processes of a test run."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NoReturn

import pytest

from tests.servers.server import Server

NOT_STARTED: Final = "was not started: "
_ROOT: Final = Path(__file__).resolve().parents[2]


def shared(kind: type[Server]) -> dict[str, str]:
    """What a client needs of the test run's server of a kind, which the first who asks starts.

    Where the machine lacks what it needs the test is skipped and says so; under `CI=true` it fails.
    """
    owner = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(tempfile.gettempdir()) / f"datakit-servers-{os.getuid()}-{owner}"
    folder.mkdir(mode=0o711, exist_ok=True)
    facts_file = folder / f"{kind.__name__}.json"
    with (folder / f"{kind.__name__}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not facts_file.exists():
            facts_file.touch(mode=0o600)
            facts_file.write_text(_started(kind, folder / kind.__name__, owner))
        facts: dict[str, str] = json.loads(facts_file.read_text())
    if reason := facts.get("failed"):
        pytest.fail(reason)
    if reason := facts.get("needs"):
        do_without(kind, reason)
    return facts


def do_without(kind: type[Server], reason: object) -> NoReturn:
    """Skip the test that needs a server which this machine cannot start; under `CI=true` it fails."""
    message = f"{kind.name} {NOT_STARTED}{reason}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def _started(kind: type[Server], folder: Path, owner: int) -> str:
    guard = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.guard", f"{kind.__module__}:{kind.__name__}", str(folder), str(owner)],
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert guard.stdout is not None
    with guard.stdout as said:
        line = said.readline()
    guard.returncode = 0  # it outlives this process, which must not warn of it
    return line
