"""The virtual environment of a checkout: made with uv or venv, filled from the lock file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datakit_iac.toolchain import process
from datakit_iac.toolchain.errors import ToolchainError
from datakit_iac.toolchain.progress import Step

LOCK = "requirements.lock"


@dataclass(frozen=True)
class Installer:
    """What makes virtual environments and installs into them.

    Attributes:
        uv: uv's executable; None for venv and pip.
    """

    uv: str | None

    @classmethod
    def on(cls, path: str | None) -> Installer:
        """The one to use: uv where it is on this PATH and runs, else venv and pip."""
        uv = shutil.which("uv", path=path)
        # A shim of a version manager may be there without a uv behind it.
        return cls(uv if uv and process.run([uv, "--version"]).is_fine else None)

    @property
    def name(self) -> str:
        """Its name, for messages."""
        return "uv" if self.uv else "pip"

    def create(self, venv: Path) -> list[str]:
        """The command that makes an empty virtual environment."""
        python = base_python()
        if self.uv:
            return [self.uv, "venv", "--quiet", "--allow-existing", "--python", python, str(venv)]
        return [python, "-m", "venv", str(venv)]

    def install(self, venv: Path, what: Sequence[str]) -> list[str]:
        """The command that installs into it."""
        python = str(venv / "bin" / "python")
        if self.uv:
            return [self.uv, "pip", "install", "--quiet", "--python", python, *what]
        pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        return [python, *pip, *what]


def base_python() -> str:
    """The interpreter behind this one, so that a virtual environment can be recreated from within itself."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def make(root: Path, venv: Path, env: Mapping[str, str]) -> None:
    """Make a checkout's virtual environment: the locked packages, then the checkout itself, editable.

    Raises:
        ToolchainError: It cannot be made, or a package cannot be installed.
    """
    installer = Installer.on(env.get("PATH"))
    child_env = {**os.environ, **env, "VIRTUAL_ENV": str(venv)}
    child_env.pop("PYTHONHOME", None)
    if not _is_whole(venv):
        shutil.rmtree(venv, ignore_errors=True)
        with Step("python", f"making {venv.name} with {'uv' if installer.uv else 'venv'}") as step:
            _run(installer.create(venv), root, child_env, _no_venv(venv))
            step.finish(f"{venv.name}, Python {'.'.join(map(str, sys.version_info[:3]))}")
    with Step("packages", f"installing {LOCK} with {installer.name} (about 1.5 GB on disk)") as step:
        # The lock is complete; resolved again, pip asks for hashes of extras (`package[extra]`) that are in it plainly.
        _run(installer.install(venv, ["--no-deps", "-r", LOCK]), root, child_env, _no_packages(installer))
        step.finish(f"{LOCK} installed with {installer.name}")
    with Step("datakit", "installing this checkout, editable") as step:
        editable = ["--no-deps", "--no-build-isolation", "--editable", "."]
        _run(installer.install(venv, editable), root, child_env, _no_packages(installer))
        step.finish("this checkout, editable")


def _is_whole(venv: Path) -> bool:
    python = venv / "bin" / "python"
    if not (os.access(python, os.X_OK) and (venv / "pyvenv.cfg").exists()):
        return False
    asked = process.run([python, "-I", "-c", "import sys; print(*sys.version_info[:2])"])
    return asked.is_fine and asked.tail == (f"{sys.version_info[0]} {sys.version_info[1]}",)


def _run(command: list[str], root: Path, env: Mapping[str, str], failure: ToolchainError) -> None:
    ended = process.run(command, cwd=root, env=env)
    if not ended.is_fine:
        failure.details = (f"$ {' '.join(command)}", *ended.tail)
        raise failure


def _no_venv(venv: Path) -> ToolchainError:
    return ToolchainError(
        f"the virtual environment {venv} could not be made",
        expected="uv on PATH, or a Python with its `venv` and `ensurepip` modules",
        fix="install uv, or your system's python3-venv package, and run it again",
    )


def _no_packages(installer: Installer) -> ToolchainError:
    return ToolchainError(
        f"{installer.name} could not install the packages",
        expected="a reachable package index, and wheels for this Python and machine",
        fix="read the lines above; behind a proxy or mirror set pip's or uv's own index settings; then run it again",
    )
