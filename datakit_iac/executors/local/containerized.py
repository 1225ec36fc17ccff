"""A workload as the command that runs it in a container of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from datakit_iac.executors.containers import VARIABLES, Engine
from datakit_iac.executors.local.process import Process
from datakit_iac.executors.variables import FIXED
from datakit_iac.executors.workload import FOLDER_VARIABLE, Workload
from datakit_iac.manifest.values.quantity import amount

_SCRIPT: Final = Path(__file__).with_name("container.py")


def command(workload: Workload, argv: Sequence[str], folder: Path, engine: Engine, name: str) -> list[str]:
    """The command: no value of a secret is among its arguments.

    Args:
        workload: what is run.
        argv: its arguments, with the folder put in.
        folder: of the workload.
        engine: what runs it.
        name: of the container.
    """
    limits = workload.resources.get("limits", {})
    started = [sys.executable, "-I", "-S", str(_SCRIPT), engine.path, name, limits.get("memory", "")]
    return [*started, *_options(workload, folder, engine, limits), *_program(workload, argv)]


def fresh_name(workload: Workload) -> str:
    """A name for its container that no other has."""
    return f"datakit-{workload.name}-{uuid.uuid4().hex[:12]}"


def ended(process: Process, engine: Engine, name: str) -> int:
    """End it; its exit code. Where it was killed before it could, its container is removed."""
    if (code := process.stop()) < 0:
        subprocess.run([engine.path, "rm", "--force", name], capture_output=True, check=False)
    return code


def client_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Those of the caller by which the client finds its engine."""
    return {name: value for name, value in environ.items() if name.startswith(VARIABLES)}


def _options(workload: Workload, folder: Path, engine: Engine, limits: Mapping[str, str]) -> Iterator[str]:
    # The network of the machine: a server that a Store names as localhost is reached alike.
    yield from ("--network", "host", "--security-opt", "label=disable")
    if engine.name == "docker" and os.getuid():
        yield from ("--user", f"{os.getuid()}:{os.getgid()}")
    if memory := limits.get("memory"):
        most = f"{int(amount(memory))}b"
        yield from ("--memory", most, "--memory-swap", most)
    if cpu := limits.get("cpu"):
        yield from ("--cpus", str(amount(cpu).normalize()))
    for mount in dict.fromkeys((str(folder), *workload.mounts)):
        yield from ("--volume", f"{mount}:{mount}")
    for name, value in {**FIXED, **workload.env, FOLDER_VARIABLE: str(folder)}.items():
        yield from ("--env", f"{name}={value}")
    for name in workload.secret_env:
        yield from ("--env", name)


def _program(workload: Workload, argv: Sequence[str]) -> list[str]:
    """As on Kubernetes, a command takes the place of the image's entry point."""
    return ["--entrypoint", argv[0], workload.image, *argv[1:]] if argv else [workload.image]
