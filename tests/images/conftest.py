"""A project whose packages are wheels of the test, and an engine whose images are its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from datakit_iac.images import engine as engines
from tests.servers import podman


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels in place of a registry."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    return folder


@dataclass
class Containers:
    """Runs containers of images."""

    path: str

    def run(self, image: str, *command: str, **variables: str) -> str:
        """What a container printed that may write to /tmp alone and reaches no network."""
        said = [f"--env={name}={value}" for name, value in variables.items()]
        limits = ["--rm", "--network=none", "--read-only", "--tmpfs=/tmp"]
        return self("run", *limits, *said, image, *command)

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run([self.path, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def containers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Containers]:
    """The engine of this machine, which begins without images; those it gets are gone with the test."""
    folder = tmp_path_factory.mktemp("engine")
    for name, value in podman.settings(folder).items():
        monkeypatch.setenv(name, value)
    found = engines.engine()
    if found is None and os.environ.get("CI") != "true":
        pytest.skip(f"images are run by one of them: {engines.missing()}")
    assert found, engines.missing()
    yield Containers(found.path)
    shutil.rmtree(folder)
