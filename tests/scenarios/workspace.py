"""A user's own Pulumi project in a temporary folder, driven by the real engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import yaml

BIN = Path(sys.executable).parent
PROGRAM = """\
import pulumi
from datakit_iac import Platform

pulumi.export("runs", Platform("platform", project="project").runs)
"""


@dataclass(frozen=True)
class Outcome:
    """What one command of the engine did.

    Attributes:
        code: its exit code.
        text: what it printed.
        operations: what was done, or planned, to each resource, by name; unchanged ones are left out.
        seconds: how long it took.
        results: what it printed to standard output alone; of `dk` only.
    """

    code: int
    text: str
    operations: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0
    results: str = ""

    def ok(self) -> Outcome:
        assert self.code == 0, self.text
        return self

    def failed(self) -> Outcome:
        assert self.code != 0, self.text
        assert "Traceback" not in self.text, self.text
        return self


class Workspace:
    """A Pulumi project whose manifests are in `project/`, with a stack `dev` of its own."""

    def __init__(self, root: Path, *, made: bool = False) -> None:
        self.root, self.project = root, root / "project"
        self.env = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(root / "home"),
            "NO_COLOR": "1",
            "DATAKIT_POLICY_PACK": "off",  # for those who ask for it
            "PULUMI_DEBUG_COMMANDS": "true",  # offers --event-log
        }
        if not made:
            self._make()

    def _make(self) -> None:
        self.write("Pulumi.yaml", yaml.safe_dump(_pulumi_yaml(), sort_keys=False))
        self.write("__main__.py", PROGRAM)
        (self.root / "state").mkdir()
        self.project.mkdir()
        self.run("stack", "init", "dev").ok()

    def copied(self, root: Path) -> Workspace:
        """The same project, state and data in another folder."""
        shutil.copytree(self.root, root, symlinks=True)
        return Workspace(root, made=True)

    def write(self, path: str, text: str) -> Path:
        """Write a file of the workspace."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return file

    def replace(self, path: str, old: str, new: str) -> None:
        """Edit a file of the workspace, once."""
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        file.write_text(text.replace(old, new))

    def run(self, *arguments: str, timeout: float = 300) -> Outcome:
        """Run the engine's command line."""
        begun = time.monotonic()
        done = subprocess.run(
            [BIN / "pulumi", *arguments, "--non-interactive"],
            cwd=self.root, env=self.env, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL,
            check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout + done.stderr, seconds=time.monotonic() - begun)

    def dk(self, *arguments: str) -> Outcome:
        """Run `dk`."""
        begun = time.monotonic()
        done = subprocess.run(
            [BIN / "dk", *arguments],
            cwd=self.root, env=self.env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return Outcome(
            done.returncode, done.stdout + done.stderr, seconds=time.monotonic() - begun, results=done.stdout
        )

    def up(self, *arguments: str) -> Outcome:
        """Preview and apply."""
        return self._told("up", "--yes", *arguments)

    def preview(self, *arguments: str) -> Outcome:
        """Plan."""
        return self._told("preview", *arguments)

    def refresh(self) -> Outcome:
        """Look for drift."""
        return self._told("refresh", "--yes", "--skip-preview")

    def destroy(self) -> Outcome:
        """Remove the resources."""
        return self._told("destroy", "--yes", "--skip-preview")

    def _told(self, *arguments: str) -> Outcome:
        log = self.root / "events.json"
        log.unlink(missing_ok=True)
        done = self.run(*arguments, "--stack", "dev", "--event-log", str(log))
        return Outcome(done.code, done.text, dict(_operations(log)), done.seconds)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command of the engine that goes on meanwhile, in a process group of its own."""
        process = subprocess.Popen(
            [BIN / "pulumi", *arguments, "--stack", "dev", "--non-interactive"],
            cwd=self.root, env=self.env, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def rows(self, query: str, file: str = "project/warehouse.duckdb") -> list[tuple[Any, ...]]:
        """What a query gives on the warehouse."""
        with duckdb.connect(self.root / file) as database:
            return database.sql(query).fetchall()

    def execute(self, statement: str, file: str = "project/warehouse.duckdb") -> None:
        """Do something to the warehouse behind the engine's back."""
        with duckdb.connect(self.root / file) as database:
            database.execute(statement)

    def family(self) -> list[str]:
        """The command lines of processes that still work in this workspace."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    where = str((entry / "cwd").readlink())
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                if where.startswith(str(self.root)) or str(self.root) in line:
                    found.append(line)
        return found


def _pulumi_yaml() -> dict[str, Any]:
    return {
        "name": "shop",
        "runtime": {"name": "python", "options": {"virtualenv": str(BIN.parent)}},
        "backend": {"url": "file://./state?metadata=skip"},
        "plugins": {"providers": [{"name": "datakit", "path": str(BIN)}]},
    }


def _operations(log: Path) -> Iterator[tuple[str, str]]:
    """The last operation on each resource that an event log tells."""
    for line in log.read_text().splitlines() if log.exists() else ():
        told = json.loads(line)
        event = told.get("resourcePreEvent") or told.get("resOutputsEvent")
        if event and event["metadata"]["op"] not in ("same", "refresh"):
            kind, name = event["metadata"]["type"], event["metadata"]["urn"].rpartition("::")[2]
            if not re.match(r"pulumi:|datakit:index:Platform", kind):
                yield f"{kind.rpartition(':')[2]} {name}", event["metadata"]["op"]
