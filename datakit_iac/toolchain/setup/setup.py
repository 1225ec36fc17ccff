"""Setting up: everything between a fresh clone and `pulumi up`, each step said as it happens."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from datakit_iac.toolchain.engine import search, wrapper
from datakit_iac.toolchain.engine.probe import Engine, Way
from datakit_iac.toolchain.progress import say
from datakit_iac.toolchain.setup import project as projects
from datakit_iac.toolchain.setup import stamp, virtualenv

STACK = "dev"


def set_up_checkout(root: Path, env: Mapping[str, str]) -> stamp.Stamp:
    """Set up a checkout of this repository: packages, engine, stack; nothing if all of it is there.

    Args:
        root: The checkout.
        env: The environment.

    Raises:
        ToolchainError: A step failed; the message says what to do.
    """
    venv = root / ".venv"
    known = stamp.current(root, venv, env)
    if known:
        say("set up", f"already: Python {sys.version.split()[0]}, engine v{known.version} ({known.way})")
        return known
    stamp.path_in(venv).unlink(missing_ok=True)
    virtualenv.make(root, venv, env)
    launch, engine = equip(venv, env)
    project = projects.read(root, env)
    projects.prepare(project, STACK, launch.wrapper, env)
    made = _stamp(root, launch, engine, project)
    stamp.write(venv, made)
    say("set up", "done; `. .venv/bin/activate` gives you `pulumi` and `dk`")
    return made


def set_up_project(folder: Path, venv: Path, env: Mapping[str, str], stack: str = STACK) -> wrapper.Launch:
    """Set up a Pulumi project that uses an installed datakit: engine, language host, stack.

    Args:
        folder: Where its Pulumi.yaml is.
        venv: The virtual environment datakit is installed in.
        env: The environment.
        stack: The stack to make if it is not there.

    Raises:
        ToolchainError: A step failed; the message says what to do.
    """
    launch, _ = equip(venv, env)
    projects.prepare(projects.read(folder, env), stack, launch.wrapper, env)
    return launch


def equip(venv: Path, env: Mapping[str, str]) -> tuple[wrapper.Launch, Engine]:
    """Give a virtual environment its `pulumi`: find or make an engine, and write what starts it.

    Raises:
        ToolchainError: There is no engine, and no way to one.
    """
    found = search.obtain(venv / "bin" / "python", _without(venv, env))
    for attempt in found.attempts:
        say("engine", f"{attempt.way}: {attempt.where}: {attempt.outcome}")
    engine = found.engine
    if engine is None:  # pragma: no cover  (obtain raises instead)
        raise AssertionError(found)
    launch = wrapper.write(venv, engine, env)
    say("language host", f"official, {launch.language_host}" if launch.is_official else "ours (fallback)")
    return launch, engine


def _without(venv: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The environment without that virtual environment on PATH, where `pulumi` would be ourselves."""
    folders = env.get("PATH", os.defpath).split(os.pathsep)
    return {**env, "PATH": os.pathsep.join(name for name in folders if Path(name) != venv / "bin")}


def _stamp(root: Path, launch: wrapper.Launch, engine: Engine, project: projects.Project) -> stamp.Stamp:
    must_exist = [launch.wrapper, launch.engine, launch.language_host, root / ".venv" / "bin" / "dk"]
    if engine.way is Way.PATH:
        must_exist.append(engine.path)
    if project.state:
        checkpoint = project.checkpoint(STACK)
        must_exist += [project.state, *([checkpoint] if checkpoint and checkpoint.exists() else [])]
    return stamp.Stamp(
        stamp.inputs_of(root),
        str(engine.path),
        engine.version,
        engine.way.value,
        str(launch.language_host),
        tuple(map(str, must_exist)),
    )
