"""What set-up writes into the virtual environment: `bin/pulumi`, and where needed a language host."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datakit_iac.toolchain.engine.probe import Engine
from datakit_iac.toolchain.errors import ToolchainError

MARK: Final = "# Written by datakit's set-up."
SETUP: Final = "`dk setup`"
"""How to get what set-up makes."""

_TEMPLATE: Final = Path(__file__).with_name("pulumi.sh")
_LANGUAGE_HOST: Final = "pulumi-language-python"


@dataclass(frozen=True)
class Launch:
    """How the engine is started from a virtual environment.

    Attributes:
        wrapper: The `pulumi` of the virtual environment.
        engine: The executable it starts.
        language_host: The Python language host the engine will use.
        is_official: Whether that host came with an engine, rather than from us.
    """

    wrapper: Path
    engine: Path
    language_host: Path
    is_official: bool


def is_ours(executable: Path) -> bool:
    """Whether an executable is one that set-up wrote, in this virtual environment or another."""
    try:
        with executable.open("rb") as file:
            return MARK.encode() in file.read(256)
    except OSError:
        return False


def executable() -> Path:
    """The `pulumi` that set-up wrote beside our Python, or else the one on PATH.

    Raises:
        ToolchainError: There is neither.
    """
    beside = Path(sys.executable).with_name("pulumi")
    if os.access(beside, os.X_OK):
        return beside
    found = shutil.which("pulumi")
    if found is None:
        raise ToolchainError(
            f"there is no Pulumi engine: no {beside}, and no `pulumi` on PATH",
            expected="the engine that set-up finds or makes",
            fix=SETUP,
        )
    return Path(found)


def write(venv: Path, engine: Engine, env: Mapping[str, str]) -> Launch:
    """Write `bin/pulumi`; and our language host beside the engine, if no official one is to be had.

    The engine looks for a language host beside its own executable. So where it has none, the virtual environment
    gets a link to the engine with our host beside it: found without a search of PATH, and without the warning
    that a host on PATH earns on each run.

    Args:
        venv: The virtual environment.
        engine: The engine to start.
        env: The environment; on its `PATH` an official host may be.
    """
    official = engine.language_host or _official_on_path(env)
    libexec = venv / "libexec" / "datakit"
    if official:
        shutil.rmtree(libexec, ignore_errors=True)
        executable, host = engine.path, official
    else:
        executable, host = _equip(libexec, engine, venv)
    wrapper = venv / "bin" / "pulumi"
    text = _TEMPLATE.read_text()
    text = text.replace("@BIN@", shlex.quote(str(venv / "bin")))
    _write_executable(wrapper, text.replace("@ENGINE@", shlex.quote(str(executable))))
    return Launch(wrapper, executable, host, is_official=official is not None)


def _equip(libexec: Path, engine: Engine, venv: Path) -> tuple[Path, Path]:
    libexec.mkdir(parents=True, exist_ok=True)
    executable, host = libexec / "pulumi", libexec / _LANGUAGE_HOST
    _link(engine.path.resolve(), executable)
    python = shlex.quote(str(venv / "bin" / "python"))
    _write_executable(host, f'#!/bin/sh\n{MARK}\nexec {python} -u -P -m datakit_iac.toolchain.host "$@"\n')
    _write_executable(
        libexec / "pulumi-resource-pulumi-python",
        f'#!/bin/sh\n{MARK} Serves dynamic providers.\nexec {python} -u -P -m pulumi.dynamic "$@"\n',
    )
    return executable, host


def _link(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return  # renaming one link of a file to another would leave both
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError:  # another file system, or a file that belongs to another user
        shutil.copy2(source, fresh)
    fresh.replace(target)


def _official_on_path(env: Mapping[str, str]) -> Path | None:
    for folder in env.get("PATH", "").split(os.pathsep):
        candidate = Path(folder) / _LANGUAGE_HOST
        if folder and os.access(candidate, os.X_OK) and not is_ours(candidate):
            return candidate
    return None


def _write_executable(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.chmod(0o755)
    fresh.replace(path)
