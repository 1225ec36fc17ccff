"""The official installer, through Pulumi's SDK, in a child process that can be stopped."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from datakit_iac.toolchain import process
from datakit_iac.toolchain.engine import cache
from datakit_iac.toolchain.engine.probe import Attempt, Way, probe
from datakit_iac.toolchain.progress import Step

_SECONDS: Final = 120.0
_WHERE: Final = "official installer (PulumiCommand.install)"

# Runs in the virtual environment's Python, where the SDK is. A machine that reaches nothing learns that by its
# resolver at once, or by the socket's time-out; the installer's own download is under the time-out of the child.
_SCRIPT: Final = """
import socket, sys
from pulumi.automation import PulumiCommand
socket.setdefaulttimeout(5)
try:
    print(PulumiCommand.install(root=sys.argv[1]).version)
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def install(python: Path, env: Mapping[str, str]) -> Attempt:
    """Let the official installer download the engine of the SDK's version into our cache.

    Args:
        python: An interpreter that has Pulumi's SDK.
        env: The environment; `DATAKIT_INSTALLER_TIMEOUT` holds the seconds it may take, 120 by default.
    """
    seconds = _seconds(env)
    folder = cache.engines_folder(env)
    doing = f"trying Pulumi's official download, {seconds:.0f} s at most"
    with cache.filling(folder) as scratch, Step("engine", doing) as step:
        root = scratch / "engine"
        child_env = {**os.environ, **env, "TMPDIR": str(scratch)}
        ended = process.run([python, "-c", _SCRIPT, root], env=child_env, timeout=seconds)
        attempt = _judge(ended, root, folder, seconds)
        step.finish(f"downloaded {attempt.outcome}" if attempt.engine else f"no download: {attempt.outcome}")
    return attempt


def _judge(ended: process.Ended, root: Path, folder: Path, seconds: float) -> Attempt:
    if ended.timed_out:
        return Attempt(Way.INSTALLER, _WHERE, f"stopped after {seconds:.0f} s")
    if not ended.is_fine:
        said = ended.tail[-1] if ended.tail else "nothing"
        return Attempt(Way.INSTALLER, _WHERE, f"failed: {said}")
    tried = probe(cache.executable_in(root), Way.INSTALLER)
    if tried.engine is None:
        return tried
    kept = cache.keep(root, folder, tried.engine.version)
    return probe(kept, Way.INSTALLER)


def _seconds(env: Mapping[str, str]) -> float:
    chosen = env.get("DATAKIT_INSTALLER_TIMEOUT", "")
    return float(chosen) if chosen.replace(".", "", 1).isdigit() else _SECONDS
