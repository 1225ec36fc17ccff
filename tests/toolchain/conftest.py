from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PULUMI = Path(sys.prefix) / "bin" / "pulumi"

StubEngine = Callable[..., Path]


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has a shell and nothing else."""
    home, bin_folder = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    bin_folder.mkdir()
    return {"PATH": f"{bin_folder}{os.pathsep}/usr/bin{os.pathsep}/bin", "HOME": str(home)}


@pytest.fixture
def stub_engine(tmp_path: Path) -> StubEngine:
    """Writes an executable that answers `pulumi version`, by default one on the machine's PATH."""

    def write(version: str, folder: Path = tmp_path / "bin") -> Path:
        return script(folder / "pulumi", f"echo {version}")

    return write


@dataclass
class Sandbox:
    """A Pulumi project with a Python program, and the real engine to run it."""

    folder: Path
    env: dict[str, str]
    mark: str
    options: str = f"virtualenv: {sys.prefix}"
    _running: list[subprocess.Popen[str]] = field(default_factory=list)

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(text)

    def pulumi(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PULUMI, *words, "--color", "never", "--non-interactive"],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start `pulumi` in a process group of its own, as a terminal would."""
        process = subprocess.Popen(
            [PULUMI, *words, "--color", "never", "--non-interactive"],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._running.append(process)
        return process

    def processes(self) -> list[str]:
        """The command lines of every process that was started for this project and is alive."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self.mark.encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return [line for line in found if line]

    def processes_after(self, seconds: float) -> list[str]:
        """Those that are still alive then."""
        end = time.monotonic() + seconds
        while self.processes() and time.monotonic() < end:
            time.sleep(0.1)
        return self.processes()

    def close(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.communicate()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    folder, mark = tmp_path / "project", f"datakit-test-{uuid.uuid4()}"
    (folder / ".state").mkdir(parents=True)
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
        "PULUMI_HOME": str(tmp_path / "pulumi-home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "DATAKIT_TEST_MARK": mark,
    }
    made = Sandbox(folder, env, mark)
    (folder / "Pulumi.yaml").write_text(
        f"name: sandbox\nruntime:\n  name: python\n  options:\n    {made.options}\nbackend:\n  url: file://./.state\n"
    )
    made.program("import pulumi\npulumi.export('answer', 42)\n")
    created = made.pulumi("stack", "init", "--stack", "dev")
    assert created.returncode == 0, created.stdout
    yield made
    made.close()
    assert made.processes_after(5) == [], "a process outlived the test"
