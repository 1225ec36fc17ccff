"""Which Python runs a program: the one of the virtual environment its Pulumi.yaml names."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class InterpreterError(Exception):
    """The virtual environment that is named cannot be used; the message says what to do."""


def interpreter_of(root: Path, options: Mapping[str, Any], *, default: str = "") -> Path:
    """The interpreter for a program or plugin.

    Args:
        root: The folder of its Pulumi.yaml, PulumiPlugin.yaml or PulumiPolicy.yaml.
        options: The `runtime.options` written there.
        default: The virtual environment to use, where there is one of that name, when no option names one.

    Returns:
        Its Python; ours where nothing names another.

    Raises:
        InterpreterError: The named one does not exist, or the toolchain is one we cannot serve.
    """
    toolchain = str(options.get("toolchain", "pip") or "pip")
    if toolchain not in ("pip", "uv"):
        raise InterpreterError(
            f"runtime.options.toolchain is {toolchain!r}; this language host serves pip and uv. "
            "Name its environment with `virtualenv`, or install the official Pulumi CLI."
        )
    named = str(options.get("virtualenv", "") or "") or (".venv" if toolchain == "uv" else "")
    if not named:
        fallback = root / default / "bin" / "python"
        return fallback if default and fallback.exists() else Path(sys.executable)
    venv = root / named
    python = venv / "bin" / "python"
    if not os.access(python, os.X_OK):
        raise InterpreterError(
            f"the virtual environment {venv} has no bin/python. "
            f"Make it with `python3 -m venv {venv}` and install the program's packages there."
        )
    return Path(sys.executable) if is_ours(venv) else python


def is_ours(venv: Path) -> bool:
    """Whether a virtual environment is the one this process runs in."""
    return venv.resolve() == Path(sys.prefix).resolve()


def environment_for(python: Path, env: Mapping[str, str]) -> dict[str, str]:
    """An environment in which that interpreter's virtual environment is the active one."""
    folder = python.parent
    changed = dict(env)
    changed["PATH"] = os.pathsep.join([str(folder), env.get("PATH", os.defpath)])
    changed["VIRTUAL_ENV"] = str(folder.parent)
    changed.pop("PYTHONHOME", None)
    return changed
