"""The policy pack's virtual environment: made when asked for, from a lock file of its own."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from datakit_iac.toolchain import process
from datakit_iac.toolchain.errors import ToolchainError
from datakit_iac.toolchain.lending import lend
from datakit_iac.toolchain.progress import Step
from datakit_iac.toolchain.setup.virtualenv import Installer

_PACKAGE: Final = Path(__file__).resolve().parents[1]

FOLDER: Final = _PACKAGE / "policy" / "pack"
"""What `pulumi preview --policy-pack` is given."""

VENV: Final = _PACKAGE.parent / ".venv-policy"
"""Where the pack's `PulumiPolicy.yaml` says its virtual environment is."""

CONFIGURATION: Final = "policy-pack.json"
"""The pack's configuration, beside Pulumi.yaml, that `dk plan` and `dk apply` hand on where it is there."""

SWITCH: Final = "DATAKIT_POLICY_PACK"
"""The variable that, being ``off``, leaves the pack out of `dk plan` and `dk apply`."""

_LOCK: Final = FOLDER / "requirements.lock"
_STAMP: Final = "datakit-pack"


def is_ready() -> bool:
    """Whether the pack can run: its virtual environment is what its lock file says."""
    try:
        return (VENV / _STAMP).read_text() == _content() and os.access(VENV / "bin" / "python", os.X_OK)
    except OSError:
        return False


def is_used() -> bool:
    """Whether the engine is to be given the pack: it is ready, and not refused."""
    return os.environ.get(SWITCH) != "off" and is_ready()


def arguments(project: Path) -> tuple[str, ...]:
    """What the engine's command line needs for the pack; nothing where it is not used.

    Its rules are then those that are installed here now.

    Args:
        project: the Pulumi project's folder.
    """
    if not is_used():
        return ()
    lend(VENV)
    config = project / CONFIGURATION
    further = ("--policy-pack-config", str(config)) if config.is_file() else ()
    return ("--policy-pack", str(FOLDER), *further)


def make_ready(env: Mapping[str, str]) -> Path:
    """Make the pack's virtual environment, unless it is there.

    Args:
        env: the environment; the installer is looked for on its `PATH`.

    Returns:
        The pack's folder.

    Raises:
        ToolchainError: it cannot be made.
    """
    with _LOCK.open() as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)  # two commands at once would make it into each other
        if not is_ready():
            _make(env)
        lend(VENV)
    return FOLDER


def _make(env: Mapping[str, str]) -> None:
    installer = Installer.on(env.get("PATH"))
    shutil.rmtree(VENV, ignore_errors=True)
    with Step("policy pack", f"installing its packages with {installer.name} (about 115 MB on disk)") as step:
        _run(installer.create(VENV), env)
        _run(installer.install(VENV, ["--no-deps", "--require-hashes", "-r", str(_LOCK)]), env)
        (VENV / _STAMP).write_text(_content())
        step.finish(f"{VENV.name}, ready")


def _content() -> str:
    digest = hashlib.sha256(_LOCK.read_bytes())
    digest.update(f"{sys.version_info[:2]}{VENV}".encode())
    return digest.hexdigest()


def _run(command: list[str], env: Mapping[str, str]) -> None:
    ended = process.run(command, cwd=FOLDER, env={**os.environ, **env, "VIRTUAL_ENV": str(VENV)})
    if not ended.is_fine:
        raise ToolchainError(
            f"the policy pack's virtual environment {VENV} could not be made",
            expected="a reachable package index, and leave to write there",
            fix="read the lines above, and run `dk policy pack` again",
            details=(f"$ {' '.join(command)}", *ended.tail),
        )
