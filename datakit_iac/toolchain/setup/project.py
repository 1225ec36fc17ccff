"""What a Pulumi project needs before its first `pulumi up`: the folder of its state, and its stack."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datakit_iac.toolchain import process
from datakit_iac.toolchain.errors import ToolchainError
from datakit_iac.toolchain.progress import Step

FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")
"""The names under which the engine finds a project."""

# Pulumi.yaml is read before any YAML library is installed; only these two plain lines are needed of it.
_NAME = re.compile(r"^name:\s*[\"']?([\w.-]+)", re.MULTILINE)
_LOCAL_STATE = re.compile(r"^[^#\n]*\burl:\s*[\"']?file://([^\s\"'#?}]+)", re.MULTILINE)


@dataclass(frozen=True)
class Project:
    """A Pulumi project on disk.

    Attributes:
        folder: Where its Pulumi.yaml is.
        name: Its name.
        state: The folder of its state, where that is a local one.
    """

    folder: Path
    name: str
    state: Path | None

    def checkpoint(self, stack: str) -> Path | None:
        """The file with a stack's state; None where the state is not local."""
        return self.state / ".pulumi" / "stacks" / self.name / f"{stack}.json" if self.state else None

    def has_stack(self, stack: str) -> bool:
        """Whether a stack's state is there, packed or not."""
        path = self.checkpoint(stack)
        return path is not None and (path.exists() or path.with_suffix(".json.gz").exists())


def read(folder: Path, env: Mapping[str, str] | None = None) -> Project:
    """Read a project; `PULUMI_BACKEND_URL` overrides where it says its state is.

    Raises:
        ToolchainError: There is no Pulumi.yaml, or it has no name.
    """
    path = folder / "Pulumi.yaml"
    try:
        text = path.read_text()
    except OSError as error:
        raise ToolchainError(
            f"{path} cannot be read: {error.strerror}",
            expected="a Pulumi project",
            fix="go to its folder, or name the folder",
        ) from error
    name = _NAME.search(text)
    if name is None:
        raise ToolchainError(f"{path} has no name", expected="a line `name: …`", fix="add one")
    backend = (os.environ if env is None else env).get("PULUMI_BACKEND_URL")
    place = _LOCAL_STATE.search(f"url: {backend}" if backend else text)
    return Project(folder, name[1], _under(folder, place[1]) if place else None)


def prepare(project: Project, stack: str, wrapper: Path, env: Mapping[str, str]) -> None:
    """Make the folder of a project's state, and a stack if it is not there.

    Raises:
        ToolchainError: The stack cannot be made.
    """
    if project.state is None:
        return
    project.state.mkdir(parents=True, exist_ok=True)
    if project.has_stack(stack):
        return
    with Step("stack", f"making the stack {stack}") as step:
        command = [str(wrapper), "stack", "init", "--stack", stack, "--non-interactive", "--color", "never"]
        ended = process.run(command, cwd=project.folder, env={**os.environ, **env})
        if not ended.is_fine:
            step.finish("failed")
            raise _no_stack(project, stack, ended)
        step.finish(f"{stack}, its state under {project.state.name}/")


def _under(folder: Path, place: str) -> Path:
    return (folder / Path(place).expanduser()).resolve()


def _no_stack(project: Project, stack: str, ended: process.Ended) -> ToolchainError:
    said = " ".join(ended.tail)
    if "passphrase" in said:
        fix = (
            f"set PULUMI_CONFIG_PASSPHRASE to the passphrase Pulumi.{stack}.yaml was made with; "
            f"or, if it holds no secrets you need, remove that file and run it again"
        )
    else:
        fix = "read the lines above; `make clean-state` forgets the local state, to start afresh"
    return ToolchainError(
        f"the stack {stack} of {project.folder} could not be made",
        expected=f"`pulumi stack init --stack {stack}` to succeed",
        fix=fix,
        details=ended.tail,
    )
