"""What the examples bring along is imported from their folders, where it is for their readers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.examples.proxy import Proxy

EXAMPLE = Path(__file__).parents[2] / "examples" / "aws-compliance"
sys.path[:0] = [str(EXAMPLE), str(EXAMPLE / "technology")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "endpoint" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The endpoint of aws-compliance, freshly seeded: its address and keys."""
    folder = tmp_path_factory.mktemp("endpoint")
    (folder / ".datakit").mkdir()
    log = folder / "log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "endpoint", "serve", "--port", "0"],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(EXAMPLE)}, stdout=written, stderr=written,
        )  # fmt: skip
    try:
        file, deadline = folder / ".datakit" / "endpoint.json", time.monotonic() + 120
        while not file.exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield json.loads(file.read_text())
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def proxy(endpoint: dict[str, Any]) -> Iterator[Proxy]:
    """A proxy before that endpoint."""
    with Proxy().listening() as listening:
        listening.target = int(endpoint["address"].rpartition(":")[2])
        yield listening
